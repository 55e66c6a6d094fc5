using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Argosy.Chassis.Store;

/// <summary>What adapters share when they apply scripts.</summary>
internal static class MigrationScripts
{
    /// <summary>A script of the chassis, embedded in its adapter.</summary>
    public static Migration Embedded(Assembly adapter, string name)
    {
        var full = adapter.GetManifestResourceNames().Single(resource => resource.EndsWith($".{name}", StringComparison.Ordinal));
        using var reader = new StreamReader(adapter.GetManifestResourceStream(full)!);
        return new Migration($"chassis/{name}", reader.ReadToEnd());
    }

    /// <summary>True where it is still to be applied; throws where it was, and was changed since.</summary>
    /// <param name="script">The script.</param>
    /// <param name="applied">The checksum in <c>sys_migration</c>, or null.</param>
    public static bool IsNew(Migration script, string? applied)
    {
        var checksum = ChecksumOf(script);
        return applied is null || applied == checksum
            ? applied is null
            : throw new MigrationException($"{script.Name} was changed after it was applied (checksum {applied[..12]} then, {checksum[..12]} now): restore it, and put the change into a script of its own.");
    }

    /// <summary>Line endings don't count: a checkout may change them.</summary>
    public static string ChecksumOf(Migration script) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(script.Sql.ReplaceLineEndings("\n"))));
}
