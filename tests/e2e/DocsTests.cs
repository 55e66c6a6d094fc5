using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Testing;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>The documentation at the gateway, read and tried out in a real Chromium.</summary>
[Trait("on", "embedded")]
public sealed class DocsTests(Fleet fleet)
{
    private const string Password = "a long walk on the shore";

    [Fact]
    public async Task The_document_has_what_can_be_reached_and_nothing_else()
    {
        var document = await WholeAsync();
        var paths = document.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToList();
        paths.ShouldContain("/api/v1/orders");
        paths.ShouldContain("/connect/token");
        paths.ShouldAllBe(path => path.StartsWith("/api/", StringComparison.Ordinal) || path.StartsWith("/connect/", StringComparison.Ordinal) || path.StartsWith("/.well-known/", StringComparison.Ordinal));
        var components = document.GetProperty("components");
        foreach (var reference in ReferencesIn(document).Distinct())
        {
            var parts = reference.Split('/');       // #, components, section, name
            components.GetProperty(parts[2]).TryGetProperty(parts[3], out _).ShouldBeTrue(reference);
        }
    }

    [Fact]
    public async Task Somebody_logs_in_there_and_tries_an_operation_out()
    {
        var email = $"reader-{Guid.NewGuid():N}@example.com";
        using var registered = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/register", new { email, password = Password, name = "Reader" });
        registered.EnsureSuccessStatusCode();
        await using var browser = await OpenBrowser.StartAsync();
        var page = await browser.Browser.NewPageAsync(new() { ViewportSize = new() { Width = 1280, Height = 900 }, ExtraHTTPHeaders = [fleet.LoadHeader] });
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                errors.Add(message.Text);
            }
        };
        page.Context.SetDefaultTimeout(60_000);
        await WholeAsync();

        await page.GotoAsync(new Uri(fleet.Gateway.BaseAddress!, "/docs").ToString());
        await page.Locator(".opblock").First.WaitForAsync();
        await page.ScreenshotAsync(new() { Path = OpenBrowser.Picture("docs") });
        await page.Locator("button.authorize").First.ClickAsync();
        var login = await page.RunAndWaitForPopupAsync(() => page.Locator(".auth-container", new() { HasText = "authorizationCode" }).Locator("button.authorize").ClickAsync());
        await login.GetByLabel("E-mail").FillAsync(email);
        await login.GetByLabel("Password").FillAsync(Password);
        await login.Keyboard.PressAsync("Enter");
        await page.Locator(".auth-container button", new() { HasText = "Logout" }).WaitForAsync();
        await page.Locator("button.btn-done").First.ClickAsync();

        var operation = page.Locator("#operations-orders-order\\.orderList, [id$='orderList']").First;
        await operation.Locator(".opblock-summary-control").First.ClickAsync();
        await operation.Locator("button.execute").ClickAsync();
        await operation.Locator(".live-responses-table .response-col_status", new() { HasText = "200" }).First.WaitForAsync();
        await page.ScreenshotAsync(new() { Path = OpenBrowser.Picture("docs-tried") });

        errors.ShouldBeEmpty();
    }

    private static IEnumerable<string> ReferencesIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => member is { Name: "$ref", Value.ValueKind: JsonValueKind.String } ? [member.Value.GetString()!] : ReferencesIn(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(ReferencesIn),
        _ => [],
    };

    // Whoever hasn't answered in time is missing in it for some seconds, and it says so.
    private async Task<JsonElement> WholeAsync()
    {
        JsonElement document = default;
        await Eventually.HoldsAsync(async () =>
        {
            using var answer = await fleet.Gateway.GetAsync("/docs/openapi.json");
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                return false;       // who looks this often is told so
            }

            document = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
            return !document.GetProperty("info").GetProperty("description").GetString()!.Contains("Without", StringComparison.Ordinal);
        }, "every service has answered", TimeSpan.FromSeconds(60));
        return document;
    }
}
