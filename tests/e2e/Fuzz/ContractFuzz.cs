using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Argosy.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Fuzz;

/// <summary>
/// Requests that nobody would write by hand, generated from every operation of every <c>api.yaml</c>, directly at its service. Whatever comes: no
/// answer of the 5xx kind, a status that the contract lists, the headers, the content type and the body that it says; nobody let in without a
/// token; nothing taken that the contract forbids; what was created is there. Each run has another seed, which is in its output and its failure;
/// <c>ARGOSY_FUZZ_SEED=N</c> runs it again, and <c>ARGOSY_FUZZ_CASES</c> says how many of each.
/// </summary>
[Trait("on", "embedded")]
public sealed partial class ContractFuzz(Fleet fleet)
{
    // SplitMix64 wants an odd gamma; one constant keeps a run's name a single number.
    private const ulong Gamma = 0x9E3779B97F4A7C15;
    private const int Size = 30;

    // Where a machine is slow, operations behind this have fewer: the suite has its time, too.
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(45);
    private const int AtLeast = 4;

    // These end what the requests after them need, or never end.
    // A backup that was begun holds up every commit of its service for seconds, and everything else here with them.
    private static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal) { "userEraseMine", "sessionChangePassword", "orderStream", "notificationStream", "backupBegin" };

    private static int Cases => int.TryParse(Environment.GetEnvironmentVariable("ARGOSY_FUZZ_CASES"), out var cases) ? cases : 25;

    private static ulong Seed => ulong.TryParse(Environment.GetEnvironmentVariable("ARGOSY_FUZZ_SEED"), out var seed) ? seed : (ulong)Random.Shared.NextInt64();

    [Fact]
    public async Task No_request_is_answered_against_the_contract()
    {
        var (seed, began) = (Seed, Stopwatch.GetTimestamp());
        var (wrong, sent, fewer) = (new List<string>(), 0, 0);
        using var signer = await Signer.OfAsync(fleet);
        var things = await Things.MakeAsync(fleet);
        var (tokens, requests) = (TokensOf(things, signer), new Requests(things));
        TestContext.Current.SendDiagnosticMessage($"ARGOSY_FUZZ_SEED={seed}");
        foreach (var operation in Contracts.Operations().Where(operation => !LeftOut.Contains((string)operation.Description["operationId"]!)).OrderBy(operation => Shuffled(operation, seed)))
        {
            var late = Stopwatch.GetElapsedTime(began) > Budget && Cases > AtLeast;
            fewer += late ? 1 : 0;
            var judge = new Judge(operation);
            foreach (var request in requests.Of(operation).Sample(Size, new Rnd(Shuffled(operation, seed), Gamma), late ? AtLeast : Cases))
            {
                sent++;
                using var http = request.ToHttp(fleet.AddressOf(operation.Service), tokens[request.By]);
                using var answer = await fleet.Gateway.SendAsync(http, HttpCompletionOption.ResponseHeadersRead);
                if ((await judge.FaultAsync(request, answer) ?? await LostAsync(request, answer, tokens[request.By])) is { } fault)
                {
                    wrong.Add($"{operation}: {fault}\n    {request}");
                }
            }
        }

        TestContext.Current.SendDiagnosticMessage($"ARGOSY_FUZZ_SEED={seed}: {sent} requests in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s, {fewer} operations had fewer");
        wrong.ShouldBeEmpty($"ARGOSY_FUZZ_SEED={seed}: {wrong.Count} of {sent} answers");
    }

    [Fact]
    public async Task An_answer_that_breaks_the_contract_is_found()
    {
        var operation = Contracts.Operations().Single(operation => operation.ToString() == "order-service POST /api/v1/orders");
        var judge = new Judge(operation);
        var request = new FuzzRequest(operation, operation.Path, By.Owner, [], new FuzzBody("application/json", "{}"u8.ToArray()));

        (await SaidAsync(request, 500, "")).ShouldContain("500");
        (await SaidAsync(request, 418, "")).ShouldContain("not in the contract");
        (await SaidAsync(request, 202, "{}")).ShouldContain("without the Location");
        (await SaidAsync(request, 202, "{}", "/api/v1/orders/x")).ShouldContain("breaks its schema");
        (await SaidAsync(request, 400, "<html>", type: "text/html")).ShouldContain("the contract says");
        (await SaidAsync(request with { By = By.Forged }, 202, "{}", "/x")).ShouldContain("without a token");
        (await SaidAsync(request with { Body = request.Body! with { IsBroken = true } }, 202, "{}", "/x")).ShouldContain("forbids");
        (await SaidAsync(request, 405, "")).ShouldContain("Allow");

        async Task<string> SaidAsync(FuzzRequest to, int status, string body, string? location = null, string type = "application/json")
        {
            using var answer = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) };
            answer.Headers.Location = location is null ? null : new Uri(location, UriKind.Relative);
            return await judge.FaultAsync(to, answer) ?? "";
        }
    }

    [Fact]
    public async Task What_was_created_is_where_its_answer_says()
    {
        using var signer = await Signer.OfAsync(fleet);
        var creating = Contracts.Operations().Where(operation => operation.Statuses.Any(status => Contracts.HeadersOf(operation, status).Contains("Location"))).ToList();
        creating.Count.ShouldBeGreaterThanOrEqualTo(6);
        foreach (var operation in creating)
        {
            var things = await Things.MakeAsync(fleet);
            var by = operation.Callers is "admins" or "anybody" ? By.Admin : By.Owner;
            var token = TokensOf(things, signer)[by];
            var made = new FuzzRequest(operation, Filled(operation, things), by, [("Idempotency-Key", Guid.NewGuid().ToString())], new FuzzBody("application/json", await ExampleAsync(operation)));
            using var http = made.ToHttp(fleet.AddressOf(operation.Service), token);

            using var answer = await fleet.Gateway.SendAsync(http);

            ((int)answer.StatusCode).ShouldBeOneOf([201, 202], $"{made}: {await answer.Content.ReadAsStringAsync()}");
            (await LostAsync(made, answer, token)).ShouldBeNull(made.ToString());
        }
    }

    [Fact]
    public async Task What_was_deleted_is_not_there()
    {
        using var signer = await Signer.OfAsync(fleet);
        var deleting = Contracts.Operations().Where(operation => operation.Method == "DELETE").ToList();
        deleting.ShouldNotBeEmpty();
        foreach (var operation in deleting)
        {
            var things = await Things.MakeAsync(fleet);
            var (path, token) = (Filled(operation, things), signer.Of(things.Owner, "api"));      // of a session that is not the one that is ended
            (await StatusAsync(operation, HttpMethod.Delete, path, token)).ShouldBe(HttpStatusCode.NoContent, operation.ToString());

            (await StatusAsync(operation, HttpMethod.Delete, path, token)).ShouldBe(HttpStatusCode.NotFound, $"{operation} again");
            if (Contracts.Operations().Any(other => (other.Service, other.Path, other.Method) == (operation.Service, operation.Path, "GET")))
            {
                (await StatusAsync(operation, HttpMethod.Get, path, token)).ShouldBe(HttpStatusCode.NotFound, $"{operation}, read");
            }
        }
    }

    [Fact]
    public async Task What_a_contract_requires_is_missed()
    {
        using var signer = await Signer.OfAsync(fleet);
        var things = await Things.MakeAsync(fleet);
        var demanding = Contracts.Operations().Where(operation => operation.Path != "/connect/authorize" && operation.Parameters.Any(parameter => parameter.Required && parameter.In is "header" or "query")).ToList();
        demanding.Count.ShouldBeGreaterThanOrEqualTo(4);
        foreach (var operation in demanding)
        {
            foreach (var (missing, _, _) in operation.Parameters.Where(parameter => parameter.Required && parameter.In is "header" or "query"))
            {
                var refusal = missing == "Stripe-Signature" ? HttpStatusCode.Unauthorized : HttpStatusCode.BadRequest;
                (await StatusAsync(operation, things, signer, without: missing)).ShouldBe(refusal, $"{operation} without {missing}");
                (await StatusAsync(operation, things, signer, without: "nothing")).ShouldNotBe(HttpStatusCode.BadRequest, $"{operation}: or the rest proves nothing");
            }
        }
    }

    [Fact]
    public async Task A_method_that_a_path_does_not_have_is_405_and_says_which_it_has()
    {
        using var signer = await Signer.OfAsync(fleet);
        var admin = signer.Of(Guid.CreateVersion7().ToString(), "api", "admin");
        foreach (var path in Contracts.Operations().GroupBy(operation => (operation.Service, operation.Path)))
        {
            foreach (var method in new[] { "GET", "POST", "PUT", "PATCH", "DELETE" }.Except(path.Select(operation => operation.Method)))
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(fleet.AddressOf(path.Key.Service), Parameter().Replace(path.Key.Path, "x")));
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", admin);
                using var answer = await fleet.Gateway.SendAsync(request);
                if (answer.StatusCode == HttpStatusCode.NotFound)
                {
                    continue;       // another route's pattern fits it
                }

                answer.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed, $"{path.Key} {method}");
                answer.Content.Headers.Allow.ShouldNotBeEmpty();
            }
        }
    }

    // What an answer says that it made has to be there for who made it; a profile is there when user-service has heard of the account, and for others than its owner never.
    private async Task<string?> LostAsync(FuzzRequest request, HttpResponseMessage answer, string? token)
    {
        if (answer.StatusCode is not (HttpStatusCode.Created or HttpStatusCode.Accepted) || answer.Headers.Location is not { } location
            || request.By is By.Nobody or By.Forged || (request.Operation.Service == "auth-service" && request.Operation.Callers == "anybody" && request.By != By.Admin))
        {
            return null;
        }

        var status = HttpStatusCode.NotFound;
        try
        {
            await Eventually.HoldsAsync(async () => (status = await StatusAsync(HttpMethod.Get, new Uri(fleet.Gateway.BaseAddress!, location), token)) == HttpStatusCode.OK, "it is there", TimeSpan.FromSeconds(20));
            return null;
        }
        catch (TimeoutException)
        {
            return $"{(int)answer.StatusCode}, and at {location} is {(int)status}";
        }
    }

    private async Task<HttpStatusCode> StatusAsync(Operation operation, Things things, Signer signer, string without)
    {
        var query = string.Join('&', operation.Parameters.Where(parameter => parameter.In == "query" && parameter.Required && parameter.Name != without).Select(parameter => $"{parameter.Name}={things.OrderId}"));
        var headers = operation.Parameters.Where(parameter => parameter.In == "header" && parameter.Required && parameter.Name != without).Select(parameter => (parameter.Name, Guid.NewGuid().ToString())).ToList();
        var body = operation.ContentType is { } type ? new FuzzBody(type, await ExampleAsync(operation)) : null;
        var by = operation.Callers == "admins" ? By.Admin : By.Owner;
        using var http = new FuzzRequest(operation, $"{Filled(operation, things)}?{query}", by, headers, body).ToHttp(fleet.AddressOf(operation.Service), TokensOf(things, signer)[by]);
        using var answer = await fleet.Gateway.SendAsync(http);
        return answer.StatusCode;
    }

    private Task<HttpStatusCode> StatusAsync(Operation operation, HttpMethod method, string path, string token) => StatusAsync(method, new Uri(fleet.AddressOf(operation.Service), path), token);

    private async Task<HttpStatusCode> StatusAsync(HttpMethod method, Uri address, string? token)
    {
        using var request = new HttpRequestMessage(method, address) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var answer = await fleet.Gateway.SendAsync(request);
        return answer.StatusCode;
    }

    // The contract's own example, but for what has to be there, or must not be there yet.
    private async Task<byte[]> ExampleAsync(Operation operation)
    {
        var example = operation.Example?.DeepClone();
        switch ((string)operation.Description["operationId"]!)
        {
            case "orderPlace":
                example!["lines"]![0]!["sku"] = await fleet.ItemAsync(stock: 5);
                break;
            case "accountRegister":
                example!["email"] = $"fuzz-{Guid.NewGuid():N}@example.com";
                break;
            case "paymentRefund":
                example!["amount"] = null;
                break;
        }

        return Encoding.UTF8.GetBytes(example?.ToJsonString() ?? "{}");
    }

    private static string Filled(Operation operation, Things things)
    {
        // What is put has to be new.
        var parameters = new Queue<string>(operation.Method == "PUT" ? [$"fuzz-{Guid.NewGuid():N}"[..16]] : things.Of(operation)?.Parameters ?? []);
        return Parameter().Replace(operation.Path, _ => parameters.Dequeue());
    }

    private Dictionary<By, string?> TokensOf(Things things, Signer signer) => new()
    {
        [By.Owner] = signer.Of(things.Owner, "api"),        // of a session that nobody ends on the way
        [By.Other] = signer.Of(Guid.CreateVersion7().ToString(), "api"),
        [By.Admin] = signer.Of(fleet.AdminId, "api", "admin"),       // who gives money back has to be somebody: the books are read later
        [By.Forged] = signer.Foreign(),
        [By.Nobody] = null,
    };

    // Of its own for each operation, whatever others there are: one that is added changes nothing for the rest.
    private static ulong Shuffled(Operation operation, ulong seed) => operation.ToString().Aggregate(seed, (hash, c) => (hash ^ c) * 0x100000001B3);

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
