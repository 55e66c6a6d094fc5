using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Abuse;

/// <summary>Case 40: what must not be anywhere is looked for everywhere, and a line of a log stays one line.</summary>
[Trait("on", "embedded")]
public sealed class LeakScan(Fleet fleet)
{
    private const string CardNumber = "4111111111111111";

    [Fact]
    public async Task Case40_secrets_are_in_no_log_database_trace_metric_or_answer_and_no_value_breaks_a_line()
    {
        var mark = $"canary{Guid.NewGuid():N}";
        var password = $"{mark} a password of its own";
        var escape = $"{mark}\r\n\u001b[31m{{\"level\":\"fatal\"}}\u001b[0m";
        var email = $"{mark}@example.com";
        using var registered = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/register", new { email, password, name = "Canary" });
        using var login = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/login", new { email, password });
        var tokens = await login.Content.ReadFromJsonAsync<JsonElement>();
        var (access, refresh) = (tokens.GetProperty("access_token").GetString()!, tokens.GetProperty("refresh_token").GetString()!);
        var said = new StringBuilder();

        // Each of them where it does not belong, so that it is refused, and may be talked about.
        foreach (var secret in new[] { password, access, refresh, CardNumber, escape })
        {
            foreach (var path in new[] { "/api/v1/orders", "/api/v1/auth/login", "/connect/token", "/api/v1/users/me", $"/api/v1/items/{Uri.EscapeDataString(secret)}", $"/nowhere/{Uri.EscapeDataString(secret)}" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"{path}?q={Uri.EscapeDataString(secret)}") { Content = JsonContent.Create(new { email = secret, password = secret, name = secret, paymentToken = secret }) };
                request.Headers.Authorization = new("Bearer", access);
                request.Headers.TryAddWithoutValidation("Idempotency-Key", secret.Replace("\r\n", "", StringComparison.Ordinal));
                request.Headers.TryAddWithoutValidation("X-Correlation-Id", secret.Replace("\r\n", "", StringComparison.Ordinal));
                request.Headers.TryAddWithoutValidation("User-Agent", secret.Replace("\r\n", "", StringComparison.Ordinal));
                using var answer = await fleet.Gateway.SendAsync(request);
                ((int)answer.StatusCode).ShouldBeLessThan(500, path);
                said.Append(await answer.Content.ReadAsStringAsync());
            }
        }

        using var customer = fleet.Stranger();
        customer.DefaultRequestHeaders.Authorization = new("Bearer", access);
        await customer.PlaceAsync(Orders.Body(await fleet.ItemAsync(stock: 1), token: CardNumber));

        string[] secrets = [password, access.Split('.')[2], refresh, CardNumber];
        foreach (var secret in secrets)
        {
            said.ToString().ShouldNotContain(secret, Case.Sensitive, "in an answer");
        }

        said.ToString().ShouldNotContain("   at Argosy", Case.Sensitive, "no stack trace in an answer");

        // On disk a page of a database is looked at as bytes; what is in the write-ahead log counts too.
        foreach (var file in Directory.EnumerateFiles(fleet.Data, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".sock", StringComparison.Ordinal) && !file.EndsWith("lock", StringComparison.Ordinal)))
        {
            var bytes = await ReadAsync(file);
            foreach (var secret in secrets)
            {
                bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)).ShouldBe(-1, $"{secret[..10]}… in {file}");
            }
        }

        foreach (var service in fleet.Services)
        {
            var metrics = await fleet.Gateway.GetStringAsync(new Uri(fleet.AddressOf(service), service == "payment-provider" ? "/ledger" : "/metrics"));
            metrics.ShouldNotContain(mark, Case.Sensitive, service);
            metrics.ShouldNotContain(CardNumber, Case.Sensitive, service);
        }

        foreach (var line in (await LogsAsync()).Where(line => line.Length > 0 && line[0] == '{'))
        {
            Should.NotThrow(() => JsonDocument.Parse(line), line);
            line.ShouldNotContain("\u001b");
        }

        secrets.Where(secret => fleet.Collector.Has("traces", secret)).ShouldBeEmpty("in a span");
    }

    private async Task<IEnumerable<string>> LogsAsync()
    {
        var lines = new List<string>();
        foreach (var log in Directory.GetFiles(Path.Combine(fleet.Data, "logs")))
        {
            lines.AddRange(Encoding.UTF8.GetString(await ReadAsync(log)).Split('\n'));
        }

        return lines;
    }

    private static async Task<byte[]> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes);
        return bytes.ToArray();
    }
}
