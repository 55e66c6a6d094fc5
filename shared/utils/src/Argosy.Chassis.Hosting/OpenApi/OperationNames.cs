using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Routing;

namespace Argosy.Chassis.Hosting.OpenApi;

/// <summary>Names of operations: the noun of the class and the verb of the handler (<c>OrderApi.CancelAsync</c>: <c>orderCancel</c>), unless the route has one.</summary>
internal static class OperationNames
{
    /// <summary>The tag of what operators do.</summary>
    public const string Admin = "admin";

    public static string Of(ApiDescription operation, IList<object> endpoint)
    {
        if (endpoint.OfType<IEndpointNameMetadata>().LastOrDefault() is { } named)
        {
            return named.EndpointName;
        }

        var method = endpoint.OfType<MethodInfo>().FirstOrDefault();
        if (method is null || method.Name.Contains('<', StringComparison.Ordinal))
        {
            return OfPath(operation.RelativePath!);
        }

        var (noun, verb) = (Without(Without(method.DeclaringType!.Name, "Api"), "Admin"), Without(method.Name, "Async"));
        var name = noun.EndsWith(verb, StringComparison.Ordinal) ? noun : noun + verb;
        return operation.HttpMethod == "POST" && endpoint.OfType<HttpMethodMetadata>().Any(methods => methods.HttpMethods.Count > 1)
            ? $"{Camel(name)}ByPost"
            : Camel(name);
    }

    /// <summary>The first segment of the path that is a noun.</summary>
    public static string TagOf(ApiDescription operation) => operation.RelativePath!.TrimStart('/').Split('/') switch
    {
        ["api", _, var noun, ..] => noun,
        ["health" or "ready" or "metrics"] => "process",
        [".well-known", ..] => "connect",
        [var noun, ..] => noun,
        [] => "process",
    };

    private static string OfPath(string path)
    {
        var name = new StringBuilder();
        foreach (var word in path.Split(['/', '-', '.', '{', '}'], StringSplitOptions.RemoveEmptyEntries))
        {
            name.Append(char.ToUpperInvariant(word[0])).Append(word, 1, word.Length - 1);
        }

        return Camel(name.ToString());
    }

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static string Without(string name, string end) => name.EndsWith(end, StringComparison.Ordinal) && name.Length > end.Length ? name[..^end.Length] : name;
}
