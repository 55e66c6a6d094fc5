using System.Diagnostics.CodeAnalysis;
using Argosy.Mesh.Loading;

namespace Argosy.Mesh.Routing;

/// <summary>A request as far as routing sees it.</summary>
/// <param name="Host">The Host field; a port in it doesn't matter.</param>
/// <param name="Method">The method, in the case it came in.</param>
/// <param name="Path">Normalised, see <see cref="RequestPath"/>.</param>
public readonly record struct RequestView(string Host, string Method, string Path);

/// <summary>Where a request goes. No rule means 404.</summary>
/// <param name="Rule">The first rule that matched.</param>
/// <param name="Path">The path that its destination gets.</param>
public readonly record struct RouteDecision(RouteRule? Rule, string Path);

/// <summary>A rule of the table.</summary>
/// <param name="Index">Its place among all rules of the table, from 0: what belongs to rules can be kept in an array.</param>
/// <param name="Route">What was written.</param>
public sealed record RouteRule(int Index, HttpRoute Route);

/// <summary>The rules that are bound to one gateway, ready to be asked. Immutable.</summary>
public sealed class RouteTable
{
    private readonly VirtualHost[] _hosts;

    private RouteTable(VirtualHost[] hosts, IReadOnlyList<RouteRule> rules)
    {
        _hosts = hosts;
        Rules = rules;
    }

    /// <summary>Every rule, at its <see cref="RouteRule.Index"/>.</summary>
    public IReadOnlyList<RouteRule> Rules { get; }

    /// <summary>Makes the table of a gateway, or tells everything that is wrong, the resources' own errors first.</summary>
    /// <param name="resources">What was read.</param>
    /// <param name="gateway">The gateway's name in the namespace <c>default</c>.</param>
    /// <param name="table">The table.</param>
    /// <param name="errors">In the order of the file.</param>
    public static bool TryCompile(
        MeshResources resources, string gateway, [NotNullWhen(true)] out RouteTable? table, out IReadOnlyList<MeshError> errors)
    {
        var compiler = new RouteCompiler(resources, new ResourceName("default", gateway));
        var compiled = compiler.Compile();
        errors = [.. resources.Errors.Concat(compiler.Errors).OrderBy(e => e.Origin.Line)];
        table = errors.Count == 0 ? new RouteTable(compiled, compiler.Rules) : null;
        return table is not null;
    }

    /// <summary>Pure: the same request always gets the same answer. Rules are tried in the order they are written.</summary>
    public RouteDecision Evaluate(RequestView request)
    {
        foreach (var rule in Select(request.Host)?.Rules ?? [])
        {
            if (rule.TryMatch(request, out var path))
            {
                return new RouteDecision(rule.Rule, path);
            }
        }

        return default;
    }

    // Hosts are sorted: names, then *.domains from the longest, then *. The first that fits is the best.
    private VirtualHost? Select(string host)
    {
        var name = WithoutPort(host);
        foreach (var candidate in _hosts)
        {
            if (candidate.Fits(name))
            {
                return candidate;
            }
        }

        return null;
    }

    private static ReadOnlySpan<char> WithoutPort(ReadOnlySpan<char> host)
    {
        var end = host.StartsWith("[") ? host.IndexOf(']') + 1 : host.IndexOf(':');
        return end > 0 ? host[..end] : host;
    }
}
