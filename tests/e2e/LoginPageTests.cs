using System.Buffers.Text;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>Somebody new logs in through the page in a real Chromium, through the gateway.</summary>
[Trait("on", "embedded")]
public sealed class LoginPageTests(Fleet fleet)
{
    private const string Redirect = "http://127.0.0.1:49152/callback";      // nobody listens: what the browser asks for is looked at
    private const string Password = "a long walk on the shore";
    private const int NarrowestWidth = 360;

    private readonly string _verifier = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Somebody_new_logs_in_by_keyboard_alone_on_the_narrowest_screen(ColorScheme scheme)
    {
        var email = $"reader-{Guid.NewGuid():N}@example.com";
        using var registered = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/register", new { email, password = Password, name = "Reader" });
        registered.EnsureSuccessStatusCode();
        await using var browser = await OpenBrowser.StartAsync();
        var page = await browser.Browser.NewPageAsync(new() { ViewportSize = new() { Width = NarrowestWidth, Height = 640 }, ColorScheme = scheme, ExtraHTTPHeaders = [fleet.LoadHeader] });

        await page.GotoAsync(Address());
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(NarrowestWidth, "nothing has to be scrolled sideways");
        (await page.RunAxe()).Violations.Select(violation => $"{violation.Id}: {violation.Help}").ShouldBeEmpty();
        await page.ScreenshotAsync(new() { Path = OpenBrowser.Picture($"login-{scheme}") });

        // The cursor is in the first field already.
        await page.WaitForFunctionAsync("document.activeElement.id === 'email'");
        await page.Keyboard.TypeAsync(email);
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.TypeAsync("not the password");
        await page.Keyboard.PressAsync("Enter");
        (await page.GetByRole(AriaRole.Alert).TextContentAsync()).ShouldBe("The e-mail address or the password is wrong.");
        (await page.GetByLabel("E-mail").InputValueAsync()).ShouldBe(email);
        (await page.RunAxe()).Violations.Select(violation => $"{violation.Id}: {violation.Help}").ShouldBeEmpty();
        await page.ScreenshotAsync(new() { Path = OpenBrowser.Picture($"login-wrong-{scheme}") });

        // And in the one that has to be typed again.
        await page.WaitForFunctionAsync("document.activeElement.id === 'password'");
        await page.Keyboard.TypeAsync(Password);
        var back = await page.RunAndWaitForRequestAsync(() => page.Keyboard.PressAsync("Enter"), request => request.Url.StartsWith(Redirect, StringComparison.Ordinal));

        var query = HttpUtility.ParseQueryString(new Uri(back.Url).Query);
        query["state"].ShouldBe("kept");
        back.Headers.ShouldNotContainKey("referer");
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code",
            ["client_id"] = "argosy",
            ["code"] = query["code"]!,
            ["redirect_uri"] = Redirect,
            ["code_verifier"] = _verifier,
        });
        using var answer = await fleet.Gateway.PostAsync("/connect/token", form);
        answer.EnsureSuccessStatusCode();
        using var me = new HttpRequestMessage(HttpMethod.Get, "/connect/userinfo");
        me.Headers.Authorization = new("Bearer", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("access_token").GetString());
        using var user = await fleet.Gateway.SendAsync(me);
        (await user.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("email").GetString().ShouldBe(email);
    }

    private string Address()
    {
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(_verifier)));
        return new Uri(fleet.Gateway.BaseAddress!, $"/connect/authorize?client_id=argosy&response_type=code&scope=openid%20email%20api&state=kept&code_challenge={challenge}&code_challenge_method=S256&redirect_uri={Uri.EscapeDataString(Redirect)}").ToString();
    }
}
