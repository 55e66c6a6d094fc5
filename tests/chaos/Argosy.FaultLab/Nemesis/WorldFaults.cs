using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Argosy.Cli;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>The payment provider is worse than it should be.</summary>
/// <param name="What">How, in a few words.</param>
/// <param name="Knobs">What is set meanwhile.</param>
internal sealed record BadProvider(string What, IReadOnlyDictionary<string, double> Knobs) : IFault
{
    public string Whom => Catalog.Provider;

    public string Name => $"provider {What}";

    public IReadOnlyList<string> Touches => [.. Knobs.Keys];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        using var http = new Provider(fleet);
        await http.TurnAsync(Knobs, end);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, end);
        }
        finally
        {
            await http.TurnAsync(Knobs.Keys.ToDictionary(knob => knob, knob => Provider.Usual[knob], StringComparer.Ordinal), CancellationToken.None);
        }
    }
}

/// <summary>The provider's own webhooks twice and at once, and beside them many more, signed as they should be, of payments that there are.</summary>
internal sealed record WebhookStorm(int AtOnce) : IFault
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(200);
    private static readonly Dictionary<string, double> Knobs = new(StringComparer.Ordinal) { ["webhookDuplicateRate"] = 1, ["webhookDelayMs"] = 0 };

    public string What => "webhook storm";

    public string Whom => "payment-service";

    public string Name => What;

    public IReadOnlyList<string> Touches => [.. Knobs.Keys];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        using var provider = new Provider(fleet);
        await provider.TurnAsync(Knobs, end);
        try
        {
            while (true)
            {
                var payments = await provider.PaymentsAsync(AtOnce, end);
                await Task.WhenAll(payments.SelectMany(payment => new[] { payment, payment }).Select(payment => provider.TellAsync(payment, end)));
                await Task.Delay(Between, end);
            }
        }
        finally
        {
            await provider.TurnAsync(Knobs.Keys.ToDictionary(knob => knob, knob => Provider.Usual[knob], StringComparer.Ordinal), CancellationToken.None);
        }
    }
}

/// <summary>An administrator lets the next signing key sign.</summary>
internal sealed record KeyRotation : IFault
{
    // Longer than it lasts.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public string What => "key rotation";

    public string Whom => "auth-service";

    public string Name => What;

    public IReadOnlyList<string> Touches => ["keys"];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        using var auth = new PatientHttp(fleet.StatusOf("auth-service").Url, TimeProvider.System);
        var isAsked = false;
        try
        {
            var rotate = Ask.Post("/admin/keys/rotate") with { Token = await fleet.AdminTokenAsync(refused: null, end) };
            isAsked = true;
            var answer = await auth.AskAsync(rotate, Patience, end);
            if (answer.Status == HttpStatusCode.Unauthorized)
            {
                isAsked = false;
                rotate = rotate with { Token = await fleet.AdminTokenAsync(rotate.Token, end) };
                isAsked = true;
                answer = await auth.AskAsync(rotate, Patience, end);
            }

            if (!answer.IsSuccess)
            {
                // Asked again it is refused, since the next key is too young, or since a process died at it.
                throw new InVainException(auth.Lost + auth.Unsure > 0 ? $"{answer}; whether an earlier attempt did it isn't known" : $"{answer}");
            }
        }
        catch (Exception e) when (e is UnansweredException or Refusal)
        {
            throw new InVainException(isAsked ? $"{e.Message}; whether it was done isn't known" : e.Message);
        }
        catch (OperationCanceledException)
        {
            throw new InVainException(isAsked ? "no answer came while it lasted; whether it was done isn't known" : "nobody could log in while it lasted");
        }
    }
}

/// <summary>The provider, as its owner may turn it, and as somebody who may sign what it says.</summary>
internal sealed class Provider(LabFleet fleet) : IDisposable
{
    /// <summary>Its knobs as they are when nobody has turned them.</summary>
    public static readonly IReadOnlyDictionary<string, double> Usual = new Dictionary<string, double>(StringComparer.Ordinal)
    {
        ["latencyMs"] = 0,
        ["latencyJitterMs"] = 0,
        ["refuseRate"] = 0,
        ["errorAfterRate"] = 0,
        ["silenceRate"] = 0,
        ["webhookDelayMs"] = 500,
        ["webhookDuplicateRate"] = 0,
    };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        Timeout = TimeSpan.FromSeconds(3),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", SecretFile.ReadOrCreate(Path.Combine(fleet.Data.Keys, "provider-api-key.txt"))) },
    };
    private readonly string _address = fleet.StatusOf(Catalog.Provider).Url;
    private readonly string _webhook = fleet.StatusOf("payment-service").Url + "/webhooks/stripe";
    private readonly byte[] _secret = Encoding.UTF8.GetBytes(SecretFile.ReadOrCreate(Path.Combine(fleet.Data.Keys, "provider-webhook-secret.txt")));

    /// <summary>Tries until it has taken them: it may be starting, or standing still. One that starts anew has its usual ones.</summary>
    public async Task TurnAsync(IReadOnlyDictionary<string, double> knobs, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Patience);
        while (true)
        {
            try
            {
                using var answer = await _http.PostAsJsonAsync(new Uri($"{_address}/knobs"), knobs, deadline.Token);
                if (answer.StatusCode == HttpStatusCode.BadRequest)
                {
                    throw new InvalidOperationException($"the provider doesn't take these knobs: {await answer.Content.ReadAsStringAsync(deadline.Token)}");
                }

                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (Exception e) when (e is HttpRequestException or SocketException || (e is TaskCanceledException && !deadline.IsCancellationRequested))
            {
                // nobody answers; ask again
            }

            await Task.Delay(Pause, deadline.Token);
        }
    }

    /// <summary>The last payments of its ledger; none when it doesn't answer.</summary>
    public async Task<IReadOnlyList<string>> PaymentsAsync(int most, CancellationToken ct)
    {
        try
        {
            var ledger = await _http.GetFromJsonAsync<JsonElement>(new Uri($"{_address}/ledger"), ct);
            return [.. ledger.GetProperty("entries").EnumerateArray().TakeLast(most).Select(entry => entry.GetProperty("paymentId").GetString()!)];
        }
        catch (Exception e) when (e is HttpRequestException or SocketException || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            return [];
        }
    }

    /// <summary>Tells payment-service that a payment has succeeded, in Stripe's words and with its signature; whatever the answer.</summary>
    public async Task TellAsync(string payment, CancellationToken ct)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            id = $"evt_storm_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}",
            type = "payment_intent.succeeded",
            created = now,
            data = new { @object = new { id = payment, @object = "payment_intent", metadata = new { payment_id = payment } } },
        });
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{now}."), .. body];
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(_secret, signed));
        using var request = new HttpRequestMessage(HttpMethod.Post, _webhook) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Stripe-Signature", $"t={now},v1={signature}");
        try
        {
            using var answer = await _http.SendAsync(request, ct);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            // payment-service is away, or busy
        }
    }

    public void Dispose() => _http.Dispose();
}
