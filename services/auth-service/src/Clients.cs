using System.Text.Json;
using System.Text.RegularExpressions;
using Argosy.Chassis.Hosting;

namespace Argosy.Auth;

/// <summary>All clients that there are: read once, validated at the start.</summary>
internal sealed partial class Clients
{
    private const int MaxFile = 256 * 1024;

    private readonly Dictionary<string, Client> _all;

    public Clients(IEnumerable<Client> all) => _all = all.ToDictionary(client => client.Id, StringComparer.Ordinal);

    public Client? Find(string id) => _all.GetValueOrDefault(id);

    /// <summary>
    /// <c>AUTH_CLIENTS</c>: a JSON file with the clients; without it there are those that are built in. Public keys are PEM files beside it;
    /// <c>{issuer}</c> in a redirect URI is our own address.
    /// </summary>
    public static Clients Read(Settings settings, string issuer)
    {
        var path = settings.Text("AUTH_CLIENTS");
        var errors = new List<string>();
        var clients = Parse(path, issuer.TrimEnd('/'), errors);
        foreach (var error in errors)
        {
            settings.Refuse("AUTH_CLIENTS", path is null ? $"built in: {error}." : $"is '{path}': {error}.");
        }

        return new Clients(errors.Count == 0 ? clients : []);
    }

    private static List<Client> Parse(string? path, string issuer, List<string> errors)
    {
        try
        {
            var declared = JsonSerializer.Deserialize<File>(path is null ? BuiltIn() : ReadFile(path), StrictJson.Options)!.Clients;
            foreach (var twice in declared.CountBy(client => client.Id, StringComparer.Ordinal).Where(count => count.Value > 1))
            {
                errors.Add($"client '{twice.Key}' is there {twice.Value} times; give each an id of its own");
            }

            return [.. declared.Select(client => Check(client.At(issuer), issuer, Path.GetDirectoryName(path) ?? "", errors))];
        }
        catch (JsonException e)
        {
            errors.Add($"it is not the JSON that is expected: {e.Message.TrimEnd('.')}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"it cannot be read: {e.Message.TrimEnd('.')}");
        }

        return [];
    }

    private static Client Check(Declared client, string issuer, string folder, List<string> errors)
    {
        var key = client.PublicKey is { } file ? KeyOf(client.Id, Path.Combine(folder, file), errors) : null;
        var code = client.Grants.Contains(GrantType.AuthorizationCode, StringComparer.Ordinal);
        Demand(IdForm().IsMatch(client.Id), "an id of lower-case letters, digits and dashes, at most 63, beginning with a letter");
        Demand(client.Name is { Length: > 0 and <= 100 }, "a name of 1 to 100 characters");
        Demand(client.Grants.Count > 0 && client.Grants.All(grant => GrantType.All.Contains(grant, StringComparer.Ordinal)), $"grants of {string.Join(", ", GrantType.All)}");
        Demand(client.Scopes.Count > 0 && client.Scopes.All(scope => Scope.All.Contains(scope, StringComparer.Ordinal)), $"scopes of {string.Join(", ", Scope.All)}");
        Demand(client.RedirectUris.Count > 0 == code, $"redirectUris if it uses {GrantType.AuthorizationCode}, and none if it does not");
        Demand(code || !client.Grants.Contains(GrantType.RefreshToken, StringComparer.Ordinal), $"{GrantType.AuthorizationCode} beside {GrantType.RefreshToken}, which is given for it");
        Demand(key is not null || client.PublicKey is not null || !client.Grants.Contains(GrantType.ClientCredentials, StringComparer.Ordinal), $"a publicKey if it uses {GrantType.ClientCredentials}");
        Demand(code || !client.Scopes.Contains(Scope.OpenId, StringComparer.Ordinal), $"no scope {Scope.OpenId} without users, who come by {GrantType.AuthorizationCode}");
        foreach (var uri in client.RedirectUris)
        {
            // A page of our own is as safe as we are; where that is plain http on a network, the start warns of it.
            if (RedirectUri.Fault(uri) is { } fault && !uri.StartsWith($"{issuer}/", StringComparison.Ordinal))
            {
                errors.Add($"client '{client.Id}' has the redirect URI '{uri}', which {fault}");
            }
        }

        return new Client(client.Id, client.Name, client.Grants, [.. client.RedirectUris.Select(uri => new RedirectUri(uri))], client.Scopes, key);

        void Demand(bool holds, string what)
        {
            if (!holds)
            {
                errors.Add($"client '{client.Id}' needs {what}");
            }
        }
    }

    private static ClientKey? KeyOf(string client, string path, List<string> errors)
    {
        try
        {
            return ClientKey.FromPem(ReadFile(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            errors.Add($"client '{client}' has the public key {path}, but {e.Message.TrimEnd('.')}");
            return null;
        }
    }

    private static string ReadFile(string path) => new FileInfo(path) is { Exists: true, Length: > MaxFile } large
        ? throw new IOException($"{path} has {large.Length} bytes, and {MaxFile} are the most")
        : System.IO.File.ReadAllText(path);

    private static string BuiltIn()
    {
        using var reader = new StreamReader(typeof(Clients).Assembly.GetManifestResourceStream("clients.json")!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,62}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IdForm();

    private sealed record File(IReadOnlyList<Declared> Clients);

    private sealed record Declared(
        string Id, string Name, IReadOnlyList<string> Grants, IReadOnlyList<string> Scopes, IReadOnlyList<string>? RedirectUris = null, string? PublicKey = null)
    {
        public IReadOnlyList<string> RedirectUris { get; private init; } = RedirectUris ?? [];

        public Declared At(string issuer) => this with { RedirectUris = [.. RedirectUris.Select(uri => uri.Replace("{issuer}", issuer, StringComparison.Ordinal))] };
    }
}
