using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>
/// Every operation of every <c>api.yaml</c>, which are all routes that there are (ContractTests), asked by everybody, directly at its
/// service. What is expected follows from whom the contract says an operation is for, and from whom a thing belongs to.
/// </summary>
[Trait("on", "embedded")]
public sealed class AuthorizationMatrixTests(Fleet fleet)
{
    // They end what the next row would need: each gets an owner of its own.
    private static readonly HashSet<string> Ends = new(StringComparer.Ordinal) { "userEraseMine", "sessionEnd", "sessionChangePassword", "apiKeyRevoke" };

    private static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Everybody_may_do_what_the_contracts_say_and_nothing_else()
    {
        using var signer = await Signer.OfAsync(fleet);
        var shared = await Things.MakeAsync(fleet);
        var ended = await EndedAsync();
        var wrong = new List<string>();
        var cells = 0;
        foreach (var operation in Contracts.Operations())
        {
            var things = Ends.Contains((string)operation.Description["operationId"]!) ? await Things.MakeAsync(fleet) : shared;
            foreach (var who in Enum.GetValues<Who>().Where(who => who != Who.Ended || operation.Method != "GET"))      // reads go on for minutes
            {
                cells++;
                if (await FaultAsync(operation, who, who == Who.Ended ? ended : TokenOf(who, signer, things), things) is { } fault)
                {
                    wrong.Add($"{operation} by {who}: {fault}");
                }
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{cells} cells");
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_bus_takes_nothing_from_whoever_is_no_service_of_the_fleet()
    {
        using var signer = await Signer.OfAsync(fleet);
        var things = await Things.MakeAsync(fleet);
        var bus = new JsonObject { ["responses"] = new JsonObject(), ["requestBody"] = new JsonObject { ["content"] = new JsonObject { ["application/json"] = new JsonObject() } } };
        foreach (var service in Contracts.Services.Where(service => service != "gateway"))
        {
            foreach (var who in Enum.GetValues<Who>().Where(who => who != Who.Ended))
            {
                var said = await fleet.CallAsync(new Operation(service, "POST", "/bus/v1", "anybody", bus), TokenOf(who, signer, things), things, null);
                said.Status.ShouldBeInRange(400, 499, $"{service} {who}");
            }
        }
    }

    private async Task<string?> FaultAsync(Operation operation, Who who, string? token, Things things)
    {
        // What never was comes first: it changes nothing, and what is there may be gone afterwards.
        var thing = things.Of(operation);
        var absent = thing is null ? null : await fleet.CallAsync(operation, token, things, thing.Absent);
        var said = await fleet.CallAsync(operation, token, things, thing);
        await ReleaseAsync(operation, token, said);
        var expected = Expected(operation, who);
        if (expected is not null)
        {
            return said.Status == expected ? null : $"{said.Status} instead of {expected}: {said.Body}";
        }

        if (!operation.Statuses.Contains($"{said.Status}") || said.Status >= 500)
        {
            return $"{said.Status} is not in the contract: {said.Body}";
        }

        // Whoever it is open to decides by themselves whom they trust, in their own words.
        var guarded = operation.Callers is not ("anybody" or "holders");
        if (guarded && said.Status is 401 or 403)
        {
            return $"{said.Status}, and it is for them: {said.Body}";
        }

        return thing is null or { Sees: Sees.Anybody } || !guarded ? null : Hides(who, thing, said, absent!);
    }

    // A backup that was begun holds up what comes behind it.
    private async Task ReleaseAsync(Operation operation, string? token, Said said)
    {
        if (operation is { Method: "POST", Path: "/admin/backups" } && said.Status == 200)
        {
            using var release = new HttpRequestMessage(HttpMethod.Post, new Uri(fleet.AddressOf(operation.Service), $"/admin/backups/{JsonDocument.Parse(said.Body).RootElement.GetProperty("id").GetString()}/release"));
            release.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            (await fleet.Gateway.SendAsync(release)).EnsureSuccessStatusCode();
        }
    }

    // Somebody else's thing is no thing: the same answer, to the byte.
    private static string? Hides(Who who, Thing thing, Said said, Said absent)
    {
        if (absent.Status != 404)
        {
            return $"{absent.Status} for what never was: {absent.Body}";
        }

        var exists = who is Who.Owner or Who.Key or Who.ReadingKey || (who == Who.Admin && thing.Sees == Sees.OwnerAndAdmin);
        return exists
            ? said.Status == 404 ? "404 for what is there" : null
            : said == absent ? null : $"{said} for another's, {absent} for what never was";
    }

    // Null where the guard lets them in.
    private static int? Expected(Operation operation, Who who) => (operation.Callers, who) switch
    {
        ("anybody", _) => null,
        (_, Who.Anonymous or Who.Ended) => 401,
        (_, Who.Service or Who.ServiceWithoutScope) => 403,
        (_, Who.Key or Who.ReadingKey) when operation.RefusesKeys => 403,
        ("holders", _) => null,
        (_, Who.UserWithoutScope) => 403,
        ("admins", not Who.Admin) => 403,
        (_, Who.ReadingKey) when operation.Method != "GET" => 403,
        _ => null,
    };

    // A login that is over, and that every service has heard of: a customer is told to log in, and not that this is not for customers.
    private async Task<string> EndedAsync()
    {
        using var customer = await fleet.CustomerAsync();
        var session = (await customer.GetFromJsonAsync<JsonElement>("/api/v1/auth/sessions")).GetProperty("items")[0].GetProperty("id").GetString()!;
        (await customer.DeleteAsync($"/api/v1/auth/sessions/{session}")).EnsureSuccessStatusCode();
        foreach (var service in Contracts.Services.Where(service => service != "gateway"))
        {
            await Eventually.HoldsAsync(
                async () => (await customer.GetAsync(new Uri(fleet.AddressOf(service), "/admin/dead-letters"))).StatusCode == HttpStatusCode.Unauthorized, $"{service} has heard of it", Within);
        }

        return customer.DefaultRequestHeaders.Authorization!.Parameter!;
    }

    private static string? TokenOf(Who who, Signer signer, Things things) => who switch
    {
        Who.Anonymous => null,
        Who.Owner => things.Token,
        Who.Other => signer.Of(Guid.CreateVersion7().ToString(), "api"),
        Who.UserWithoutScope => signer.Of(Guid.CreateVersion7().ToString(), "openid"),
        Who.Admin => signer.Of(Guid.CreateVersion7().ToString(), "api", "admin"),
        Who.Service => signer.Of("svc:reports", "api"),
        Who.ServiceWithoutScope => signer.Of("svc:reports", "openid"),
        Who.Key => signer.OfKey(things.Owner, "api"),
        Who.ReadingKey => signer.OfKey(things.Owner, "api.read"),
        _ => throw new ArgumentOutOfRangeException(nameof(who)),
    };

    // In this order: the owner is let in last, and may end what the others only tried to reach.
    private enum Who
    {
        Anonymous,
        Ended,
        ServiceWithoutScope,
        UserWithoutScope,
        Service,
        Other,
        Admin,
        ReadingKey,
        Key,
        Owner,
    }
}
