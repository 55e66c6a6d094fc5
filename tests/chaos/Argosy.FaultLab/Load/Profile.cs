using System.Text;
using System.Text.Json.Nodes;
using Argosy.Cli.Access;

namespace Argosy.FaultLab.Load;

/// <summary>
/// What a customer calls themselves, which nobody else changes. What was acknowledged last is so in the end, unless something that was asked for
/// since and not answered is: each change is good for the version that was read before it, so that none comes late.
/// </summary>
internal sealed class Profile(string customer)
{
    private const string Path = "/api/v1/users/me";

    private readonly HashSet<string> _possible = new(StringComparer.Ordinal);
    private int _changes;

    /// <summary>Reads it, and changes it.</summary>
    /// <param name="askAsync">Asks as this customer; null where no answer came.</param>
    public async Task ChangeAsync(Func<Ask, Task<Answer?>> askAsync)
    {
        if (await askAsync(Ask.Get(Path) with { IsFresh = true }) is not { IsSuccess: true, ETag: { } version } read)
        {
            return;
        }

        var name = $"Customer at change {++_changes}";
        var body = new JsonObject { ["name"] = name };
        var answer = await askAsync(new Ask(HttpMethod.Patch, Path)
        {
            Body = Encoding.UTF8.GetBytes(body.ToJsonString()),
            IfMatch = version,
            IdempotencyKey = $"rename-{customer}-{_changes}",
        });
        if (answer is { IsSuccess: true })
        {
            _possible.Clear();
        }
        else if (_possible.Count == 0)
        {
            _possible.Add(NameOf(read));        // it was so before
        }

        if (answer is null or { IsSuccess: true } or { LeavesDoubt: true })
        {
            _possible.Add(name);
        }
    }

    /// <summary>All is over: null, or what is wrong with it.</summary>
    /// <param name="askAsync">Asks as this customer, with patience.</param>
    public async Task<string?> CheckAsync(Func<Ask, Task<Answer>> askAsync)
    {
        if (_changes == 0)
        {
            return null;
        }

        var answer = await askAsync(Ask.Get(Path) with { IsFresh = true });
        return !answer.IsSuccess ? $"the profile of {customer} can't be read in the end: {answer}"
            : _possible.Contains(NameOf(answer)) ? null
            : $"the profile of {customer} has the name '{NameOf(answer)}' in the end; by what was answered it is {string.Join(" or ", _possible.Select(name => $"'{name}'"))}";
    }

    private static string NameOf(Answer answer) => (string)JsonNode.Parse(answer.Body)!["name"]!;
}
