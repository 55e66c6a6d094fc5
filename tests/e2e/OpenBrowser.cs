using Microsoft.Playwright;

namespace Argosy.E2E;

/// <summary>A real Chromium, without a window.</summary>
internal sealed record OpenBrowser(IPlaywright Playwright, IBrowser Browser) : IAsyncDisposable
{
    public static async Task<OpenBrowser> StartAsync()
    {
        var chromium = await DebianTools.RequireInstalledAsync("chromium", "chromium");
        var playwright = await Microsoft.Playwright.Playwright.CreateAsync();
        return new OpenBrowser(playwright, await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            Timeout = 120_000,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        }));
    }

    /// <summary>Where a picture goes, to be looked at.</summary>
    public static string Picture(string name) => Path.Combine(Launcher.Root, "artifacts", "pictures", $"{name}.png".ToLowerInvariant());

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        Playwright.Dispose();
    }
}
