using System.Globalization;

namespace Argosy.Chassis.Auditing;

/// <summary>
/// The last seal that this instance knows of, in a file of its own beside the database: whoever cuts the trail's end off, entries and seals
/// together, is found out by it. It may be behind, after a crash; it is never ahead.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class AuditHead(string path)
{
    public string Path => path;

    public void Write(AuditSeal seal) => SecretFile.Replace(path, string.Create(CultureInfo.InvariantCulture, $"{seal.Id} {seal.Hash}\n"));

    /// <summary>Null where nothing was sealed here yet; a file that cannot be read as a seal is one that fits nothing.</summary>
    public AuditSeal? Read()
    {
        if (!File.Exists(path))
        {
            return null;
        }

        return File.ReadAllText(path).Trim().Split(' ') is [var id, var hash] && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var place)
            ? new AuditSeal(place, hash)
            : new AuditSeal(0, "unreadable");
    }
}
