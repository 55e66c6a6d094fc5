using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>What a whole fleet tells a collector, and what it tells nobody.</summary>
public sealed class TelemetryTests(Fleet fleet)
{
    private const string Password = "a passphrase of 7 words nobody guesses";
    private static readonly string[] PaymentTokens = ["tok_visa", "tok_declined"];

    [Fact]
    public async Task One_trace_leads_from_the_gateway_through_every_service_that_an_order_touches()
    {
        var customer = await fleet.CustomerAsync();
        var id = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5)));
        await customer.BecomesAsync(id, "confirmed");
        string[] touched = ["gateway", "order-service", "inventory-service", "payment-service", "shipping-service", "notification-service"];
        ReceivedSpan[] trace = [];
        await Eventually.HoldsAsync(
            () =>
            {
                var order = fleet.Collector.Spans.FirstOrDefault(span => span.Tags.GetValueOrDefault("messaging.message.conversation_id") == id);
                trace = [.. fleet.Collector.Spans.Where(span => span.TraceId == order?.TraceId)];
                return touched.All(service => trace.Any(span => span.Service == service)) && trace.All(HasParent);
            },
            $"{string.Join(", ", touched)} are in one trace", TimeSpan.FromSeconds(30));

        trace.Where(span => span.ParentId.Length == 0).ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            root => root.Service.ShouldBe("gateway"), root => root.Name.ShouldBe("POST orders-unversioned"));
        trace.ShouldContain(span => span.Service == "payment-service" && span.Scope == "System.Net.Http" && span.Tags["http.request.method"] == "POST");

        bool HasParent(ReceivedSpan span) => span.ParentId.Length == 0 || trace.Any(other => other.SpanId == span.ParentId);
    }

    [Fact]
    public async Task No_secret_is_in_any_log_metric_or_span()
    {
        var (email, secrets) = await SecretsAsync();

        // The last word of this test is out when the logs have the line of a request that came after it.
        var mark = $"e2e-{Guid.NewGuid():N}";
        using var last = new HttpRequestMessage(HttpMethod.Post, "/api/v1/auth/login") { Content = JsonContent.Create(new { email, password = "not the password" }) };
        last.Headers.Add("X-Correlation-Id", mark);
        using var refused = await fleet.Gateway.SendAsync(last);
        await Eventually.HoldsAsync(() => Logs().Any(log => log.Text.Contains(mark, StringComparison.Ordinal)), "the last request is in the logs");

        var told = Logs().ToList();
        foreach (var service in fleet.Services.Where(name => name != "payment-provider"))
        {
            told.Add(($"/metrics of {service}", await fleet.Gateway.GetStringAsync(new Uri(fleet.AddressOf(service), "/metrics"))));
        }

        told.AddRange(fleet.Collector.Spans.Select(span => ($"span {span.Name} of {span.Service}", string.Join('\n', span.Tags.Select(tag => $"{tag.Key}={tag.Value}")))));
        told.Count.ShouldBeGreaterThan(20);
        foreach (var (where, text) in told)
        {
            foreach (var (what, secret) in secrets)
            {
                text.Contains(secret, StringComparison.Ordinal).ShouldBeFalse($"{where} has {what}");
            }

            // Access tokens, refresh tokens and the bus's are JWTs or look like nothing else; keys are PEM.
            Regex.Match(text, @"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}").Value.ShouldBeEmpty($"{where} has a token");
            Regex.Match(text, "-----BEGIN [A-Z ]*PRIVATE KEY").Value.ShouldBeEmpty($"{where} has a private key");
        }
    }

    // Everything of an ordinary day that nobody else may know, with what it is.
    private async Task<(string Email, List<(string What, string Secret)> Secrets)> SecretsAsync()
    {
        var email = $"secret-{Guid.NewGuid():N}@example.com";
        using var registered = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/register", new { email, password = Password, name = "Ada" });
        registered.EnsureSuccessStatusCode();
        using var login = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/login", new { email, password = Password });
        var session = await login.Content.ReadFromJsonAsync<JsonElement>();
        List<(string, string)> secrets =
        [
            ("a password", Password),
            ("an access token", session.GetProperty("access_token").GetString()!),
            ("a refresh token", session.GetProperty("refresh_token").GetString()!),
            .. PaymentTokens.Select(token => ("a payment token", token)),
        ];
        var customer = await fleet.CustomerAsync();
        foreach (var token in PaymentTokens)
        {
            var id = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5), token: token));
            await customer.BecomesAsync(id, ["confirmed", "cancelled"]);
        }

        // Whatever the launcher and the services keep as files for themselves: keys, the administrator's password, the provider's API key.
        var files = Directory.EnumerateFiles(fleet.Data, "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains("public", StringComparison.Ordinal) && (file.Contains($"{Path.DirectorySeparatorChar}keys{Path.DirectorySeparatorChar}", StringComparison.Ordinal) || Path.GetFileName(file).Contains("password", StringComparison.Ordinal)))
            .ToList();
        files.Count.ShouldBeGreaterThan(3);
        foreach (var file in files)
        {
            var lines = (await File.ReadAllTextAsync(file)).Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Length >= 12 && !line.StartsWith("-----", StringComparison.Ordinal));
            secrets.AddRange(lines.Select(line => (Path.GetFileName(file), line)));
        }

        return (email, secrets);
    }

    private IEnumerable<(string Where, string Text)> Logs() => Directory.EnumerateFiles(Path.Combine(fleet.Data, "logs")).Select(file =>
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return (Path.GetFileName(file), reader.ReadToEnd());
    });
}
