using System.Globalization;

namespace Argosy.Chassis.Redis;

/// <summary>Where Redis is: <c>redis://[user:password@]host:port[/db]</c>, or <c>rediss://</c> for TLS. As text it has no credentials.</summary>
public sealed class RedisUrl
{
    private const int DefaultPort = 6379;
    private const int HighestDatabase = 9999;

    private RedisUrl(Uri uri, int database, string? user, string? password) =>
        (Host, Port, IsTls, Database, User, Password) = (uri.DnsSafeHost, uri.Port < 0 ? DefaultPort : uri.Port, uri.Scheme == "rediss", database, user, password);

    /// <summary>A name or an address.</summary>
    public string Host { get; }

    /// <summary>6379 when it is not given.</summary>
    public int Port { get; }

    /// <summary>Whether the connection is encrypted and the server's certificate checked.</summary>
    public bool IsTls { get; }

    /// <summary>0 when it is not given.</summary>
    public int Database { get; }

    /// <summary><c>default</c> where only a password is given; null without credentials.</summary>
    internal string? User { get; }

    internal string? Password { get; }

    /// <summary>Reads the text; the error goes on after the variable's name and never repeats it, for it may hold a password.</summary>
    public static RedisUrl? Parse(string text, out string? error)
    {
        error = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri is not { Scheme: "redis" or "rediss", Query: "", Fragment: "" } || uri.Host.Length == 0)
        {
            error = "is not the address of a Redis: set it to redis://[user:password@]host:port[/database], or rediss:// for TLS.";
            return null;
        }

        var path = uri.AbsolutePath.Trim('/');
        if (!TryDatabase(path, out var database))
        {
            error = $"names no database that Redis could have: after host:port comes nothing, or a number from 0 to {HighestDatabase}.";
            return null;
        }

        var credentials = uri.UserInfo.Split(':', 2);
        if (uri.UserInfo.Length > 0 && (credentials.Length < 2 || credentials[1].Length == 0))
        {
            error = "has a user and no password: write user:password@host, or :password@host for the default user.";
            return null;
        }

        return uri.UserInfo.Length == 0
            ? new RedisUrl(uri, database, null, null)
            : new RedisUrl(uri, database, credentials[0].Length == 0 ? "default" : Uri.UnescapeDataString(credentials[0]), Uri.UnescapeDataString(credentials[1]));
    }

    /// <inheritdoc />
    public override string ToString() => $"{(IsTls ? "rediss" : "redis")}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}/{Database}";

    private static bool TryDatabase(string path, out int database)
    {
        database = 0;
        return path.Length == 0 || (int.TryParse(path, NumberStyles.None, CultureInfo.InvariantCulture, out database) && database <= HighestDatabase);
    }
}
