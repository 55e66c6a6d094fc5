using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Argosy.Cli.Access;
using Argosy.Cli.Demo;

namespace Argosy.FaultLab.Load;

/// <summary>
/// A program with an API key of a customer's: the key is made, used and, where that is its lot, revoked while things are broken. In the end one that was
/// made and never to be revoked reads what its owner may; one whose revocation was acknowledged changes nothing more.
/// </summary>
/// <param name="name">Tells its key from those of others.</param>
/// <param name="revokes">Its key is to be revoked.</param>
internal sealed class Machine(string name, bool revokes)
{
    private const string Keys = "/api/v1/auth/api-keys";
    private const int MostUses = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    // It would change nothing if it were taken: nobody has such an order.
    private readonly Ask _changing = Ask.Post($"/api/v1/orders/{name}/cancel", new NewCancellation("by a machine"), DemoWire.Default.NewCancellation) with { IdempotencyKey = $"machine-{name}" };

    private readonly List<string> _wrong = [];
    private (string Id, string Text)? _key;
    private bool _wasTried;
    private int _uses;
    private bool _revocationAsked;

    /// <summary>Nothing more comes of it in this run.</summary>
    public bool IsDone => _wasTried && (_key is null || ((IsUsed || _uses == MostUses) && (_revocationAsked || !revokes)));

    /// <summary>Its key was told.</summary>
    public bool IsMade => _key is not null;

    /// <summary>Its key has opened something.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>That its key is revoked was acknowledged.</summary>
    public bool IsRevoked { get; private set; }

    /// <summary>The next step: make, use until it opens something, revoke.</summary>
    /// <param name="password">The customer's, without which no key is made.</param>
    /// <param name="order">One of the customer's; null where there is none yet.</param>
    /// <param name="askAsync">Asks as the customer; null where no answer came.</param>
    /// <param name="askByKeyAsync">Asks by a key.</param>
    public async Task NextAsync(string password, string? order, Func<Ask, Task<Answer?>> askAsync, Func<string, Ask, Task<Answer?>> askByKeyAsync)
    {
        if (!_wasTried)
        {
            _wasTried = true;
            var body = new JsonObject { ["name"] = name, ["password"] = password, ["scope"] = "api" };
            Make(await askAsync(new Ask(HttpMethod.Post, Keys) { Body = Encoding.UTF8.GetBytes(body.ToJsonString()) }));
        }
        else if (_key is { } used && !IsUsed && _uses < MostUses)
        {
            _uses++;        // auth-service may be away, or its clock ahead
            IsUsed = await askByKeyAsync(used.Text, Reading(order)) is { IsSuccess: true };
        }
        else if (_key is { } key && revokes && !_revocationAsked)
        {
            _revocationAsked = true;
            var answer = await askAsync(new Ask(HttpMethod.Delete, $"{Keys}/{key.Id}"));

            // One that isn't there any more was revoked by an earlier attempt of this one.
            IsRevoked = answer is { IsSuccess: true } or { Status: HttpStatusCode.NotFound };
            Expect(answer, IsRevoked, "revoking");
        }
    }

    /// <summary>All is over: what is wrong with it. Where nobody knows whether it is revoked, either is right.</summary>
    /// <param name="order">One of the customer's; null where there is none.</param>
    /// <param name="askByKeyAsync">Asks by a key, with patience.</param>
    /// <param name="deadline">Until then somebody may not have heard of it.</param>
    public async Task<IReadOnlyList<string>> CheckAsync(string? order, Func<string, Ask, Task<Answer>> askByKeyAsync, CancellationToken deadline)
    {
        if (_key is { } key && (IsRevoked || !_revocationAsked))
        {
            var ask = IsRevoked ? _changing : Reading(order);
            var last = await askByKeyAsync(key.Text, ask);
            while (!IsRight(last) && !deadline.IsCancellationRequested)
            {
                await Task.Delay(Pause, deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                last = await askByKeyAsync(key.Text, ask);
            }

            if (!IsRight(last))
            {
                _wrong.Add($"the API key of {name} was {(IsRevoked ? "revoked" : "made")}, and in the end {ask.Method} {ask.Path} by it is answered {last}");
            }
        }

        return _wrong;
    }

    // To anybody else an order is none.
    private static Ask Reading(string? order) => Ask.Get(order is null ? "/api/v1/orders?limit=1" : $"/api/v1/orders/{order}");

    private bool IsRight(Answer answer) => IsRevoked ? answer.Status == HttpStatusCode.Unauthorized : answer.IsSuccess;

    private void Make(Answer? answer)
    {
        if (answer is { IsSuccess: true } && JsonNode.Parse(answer.Body) is { } made)
        {
            _key = ((string)made["id"]!, (string)made["key"]!);
        }

        Expect(answer, IsMade, "making");
    }

    // A session may have been refused by a clock that was wrong.
    private void Expect(Answer? answer, bool isDone, string what)
    {
        if (!isDone && answer is { LeavesDoubt: false, Status: not HttpStatusCode.Unauthorized })
        {
            _wrong.Add($"{what} the API key of {name} was answered {answer}, which nobody expects");
        }
    }
}
