using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Argosy.Chassis.Auditing;

/// <summary>One line of the audit trail.</summary>
/// <param name="Id">Its place; places rise in the order of commits, and some may be left out.</param>
/// <param name="At">When, in Unix milliseconds.</param>
/// <param name="Actor">Who: an account, <c>svc:</c> and a client, <c>os:</c> and the number of a user of the machine, or a hash where only an address is known.</param>
/// <param name="Action">What, as <c>thing.verb</c>.</param>
/// <param name="Target">To what.</param>
/// <param name="Detail">What else there is to know.</param>
/// <param name="Outcome">How it went: <c>done</c>, or why not.</param>
/// <param name="Trace">The trace that it was part of; empty where there was none.</param>
internal sealed record AuditEntry(long Id, long At, string Actor, string Action, string Target, string Detail, string Outcome, string Trace)
{
    public const string Columns = "id as Id, at as At, actor as Actor, action as Action, target as Target, detail as Detail, outcome as Outcome, trace as Trace";

    /// <summary>
    /// The seal of this entry behind the one before it: HMAC-SHA-256 over that seal and every field, each with its length before it, so that
    /// no two entries read alike. Without the key nobody makes a chain that fits.
    /// </summary>
    public string SealAfter(string previous, byte[] key)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        Span<byte> number = stackalloc byte[sizeof(long)];
        foreach (var value in new[] { Id, At })
        {
            BinaryPrimitives.WriteInt64BigEndian(number, value);
            hash.AppendData(number);
        }

        foreach (var text in new[] { previous, Actor, Action, Target, Detail, Outcome, Trace })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt64BigEndian(number, bytes.Length);
            hash.AppendData(number);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>A sealed place.</summary>
internal sealed record AuditSeal(long Id, string Hash)
{
    /// <summary>What the first entry's seal follows.</summary>
    public static AuditSeal None { get; } = new(0, "");

    /// <summary>Reads what <see cref="ToString"/> has written; null where it is something else.</summary>
    public static AuditSeal? Parse(string text) =>
        text.Split('.') is [var id, { Length: HashLength } hash] && hash.All(char.IsAsciiHexDigitLower) && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var place)
            ? new AuditSeal(place, hash)
            : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id}.{Hash}");

    private const int HashLength = 64;
}
