namespace Argosy.Mesh;

/// <summary>Host names as Istio writes them: <c>api.example.com</c>, <c>*.example.com</c>, <c>*</c>.</summary>
internal static class HostPattern
{
    public static bool IsValid(string host)
    {
        var name = host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host;
        return host == "*" || (name.Length is > 0 and <= 253
            && name.Split('.').All(label => label.Length is > 0 and <= 63
                && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && label[0] != '-' && label[^1] != '-'));
    }

    /// <summary><c>*.foo.com</c> covers <c>a.foo.com</c> and <c>*.a.foo.com</c>, not <c>foo.com</c>.</summary>
    public static bool Covers(string pattern, ReadOnlySpan<char> host)
        => pattern == "*"
            || host.Equals(pattern, StringComparison.OrdinalIgnoreCase)
            || (pattern[0] == '*' && host.Length >= pattern.Length && host.EndsWith(pattern.AsSpan(1), StringComparison.OrdinalIgnoreCase));

    /// <summary>The narrower of two patterns, or null when no host fits both.</summary>
    public static string? Intersect(string a, string b) => Covers(a, b) ? b : Covers(b, a) ? a : null;

    /// <summary><c>auth-service.default.svc.cluster.local</c> is <c>auth-service</c> to a rule in <c>default</c>.</summary>
    public static string Shorten(string host, string ownNamespace)
    {
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            return host;
        }

        var rest = host.AsSpan(dot + 1);
        return rest.Equals(ownNamespace, StringComparison.Ordinal)
            || rest.Equals($"{ownNamespace}.svc", StringComparison.Ordinal)
            || rest.Equals($"{ownNamespace}.svc.cluster.local", StringComparison.Ordinal) ? host[..dot] : host;
    }
}
