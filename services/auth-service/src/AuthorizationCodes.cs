using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>What a user has allowed a client, until it fetches the tokens for it.</summary>
/// <param name="Client">The client's id.</param>
/// <param name="RedirectUri">Where the code goes, to the letter.</param>
/// <param name="Challenge">SHA-256 of what the client keeps to itself (RFC 7636 §4.2).</param>
/// <param name="Nonce">Goes into the ID token as it is.</param>
/// <param name="Scope">What was granted.</param>
internal sealed record Consent(string Client, string RedirectUri, string Challenge, string? Nonce, string Scope);

/// <summary>A code's session and the nonce for its ID token.</summary>
internal sealed record Redeemed(Session Session, string? Nonce);

/// <summary>
/// Authorization codes (RFC 6749 §4.1, RFC 7636): 256 random bits, kept as a hash, for a minute, bound to client, redirect URI and
/// challenge, good once. A second use means that two have it: what the first one got ends (RFC 9700 §4.5), and that is committed although
/// the request fails.
/// </summary>
internal sealed class AuthorizationCodes(IStore store, Sessions sessions, TimeProvider time)
{
    private const int MaxConflicts = 10;

    /// <summary>From the login page to the client and back.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <summary>A code for what was allowed, in the commit of the login (<see cref="SignIn.Complete"/>) that <paramref name="work"/> becomes.</summary>
    public static string Issue(Account account, Consent consent, WriteSet work)
    {
        var code = Secret.New();
        work.Execute("delete from codes where expires < @before", new { before = (work.Now - Memory).ToUnixTimeMilliseconds() });
        work.Execute(
            """
            insert into codes (hash, client, redirect_uri, challenge, nonce, scope, account, authenticated, expires, session)
            values (@hash, @Client, @RedirectUri, @Challenge, @Nonce, @Scope, @account, @now, @expires, null)
            """,
            new
            {
                hash = Secret.HashOf(code),
                consent.Client,
                consent.RedirectUri,
                consent.Challenge,
                consent.Nonce,
                consent.Scope,
                account = account.Id,
                now = work.NowMilliseconds,
                expires = (work.Now + Lifetime).ToUnixTimeMilliseconds(),
            }, rows: 1);
        return code;
    }

    /// <summary>The session that a code gives; null is <c>invalid_grant</c>.</summary>
    public async Task<Redeemed?> RedeemAsync(string code, string client, string redirectUri, string verifier, MessageContext cause, CancellationToken ct)
    {
        for (var i = 0; i < MaxConflicts; i++)
        {
            var work = new WriteSet(cause.For($"code {i}"), time.GetUtcNow());
            var row = await FindAsync(code, ct);
            if (row is null || row.Client != client)
            {
                return null;
            }

            if (row.Session is not null)
            {
                await sessions.EndAsync(row.Session, row.Account, cause, ct, reused: "code.reuse");
                return null;
            }

            if (row.Expires <= work.NowMilliseconds || row.RedirectUri != redirectUri || !Proves(verifier, row.Challenge))
            {
                return null;
            }

            var session = await sessions.BeginAsync(row.Account, row.Role, row.Client, row.Scope, DateTimeOffset.FromUnixTimeMilliseconds(row.Authenticated), work, ct);
            work.Execute("update codes set session = @Id where hash = @hash and session is null", new { session.Id, hash = Secret.HashOf(code) }, rows: 1);
            var outcome = await store.CommitAsync(work, ct);
            if (outcome.Result != CommitResult.Conflict)
            {
                outcome.Ensure();
                return new Redeemed(session, row.Nonce);
            }
        }

        return null;
    }

    /// <summary>Whether a text has the form of a code verifier (RFC 7636 §4.1).</summary>
    public static bool IsVerifier(string text) => text.Length is >= 43 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~');

    /// <summary>Whether a text has the form of an S256 challenge: 32 bytes in base64url, as the encoder writes them.</summary>
    public static bool IsChallenge(string text) => text.Length == 43 && Base64Url.IsValid(text);

    private static bool Proves(string verifier, string challenge) => CryptographicOperations.FixedTimeEquals(
        Encoding.ASCII.GetBytes(Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))), Encoding.ASCII.GetBytes(challenge));

    private Task<CodeRow?> FindAsync(string code, CancellationToken ct) => store.FirstOrDefaultAsync<CodeRow>(
        """
        select c.client as Client, c.redirect_uri as RedirectUri, c.challenge as Challenge, c.nonce as Nonce, c.scope as Scope, c.account as Account,
               a.role as Role, c.authenticated as Authenticated, c.expires as Expires, c.session as Session
        from codes c join accounts a on a.id = c.account where c.hash = @hash
        """,
        new { hash = Secret.HashOf(code) }, ct);

    private sealed record CodeRow(
        string Client, string RedirectUri, string Challenge, string? Nonce, string Scope, string Account, string Role, long Authenticated, long Expires, string? Session);
}

/// <summary>What is handed out once and recognised by its hash: 256 random bits need no salt and no stretching.</summary>
internal static class Secret
{
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static string HashOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
