using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Messaging.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Argosy.Testing;

/// <summary>A message that the service under test published.</summary>
/// <param name="Subscriber">Whom it was pushed to.</param>
/// <param name="Envelope">What came.</param>
public sealed record HeardMessage(string Subscriber, Envelope Envelope);

/// <summary>
/// All the other services, as one service under test sees them on the bus: their keys, the batches that they push, and an ear for
/// what it publishes. Tokens and positions are made without the chassis's own sender, so that the wire is looked at from outside.
/// </summary>
public sealed class BusPeer : IAsyncDisposable
{
    private readonly Dictionary<string, ECDsa> _keys = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _positions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _epochs = new(StringComparer.Ordinal);
    private int _refused;
    private readonly SemaphoreSlim _oneBatch = new(1, 1);
    private readonly ConcurrentQueue<HeardMessage> _heard = new();
    private readonly ConcurrentDictionary<(string Subscriber, string Id), bool> _known = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null });
    private readonly WebApplication _ear;

    private BusPeer(string keys)
    {
        KeyFolder = keys;
        foreach (var service in Services)
        {
            _keys[service] = ECDsa.Create();
            _keys[service].ImportFromPem(File.ReadAllText(Path.Combine(keys, $"{service}.private.pem")));
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _ear = builder.Build();
        _ear.Run(ListenAsync);
    }

    /// <summary>Every service that has a <c>catalog-info.yaml</c>.</summary>
    public static IReadOnlyList<string> Services { get; } =
    [
        .. typeof(Contracts.Common.V1.Money).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("catalog/", StringComparison.Ordinal))
            .Select(name => name["catalog/".Length..^".yaml".Length]),
    ];

    /// <summary><c>BUS_KEYS</c> for the service under test.</summary>
    public string KeyFolder { get; }

    /// <summary>Where all the other services are.</summary>
    public Uri Address => new(_ear.Urls.First());

    /// <summary><c>SERVICE_ENDPOINTS</c> for the service under test.</summary>
    public string Endpoints => string.Join(',', Services.Select(service => $"{service}={Address.GetLeftPart(UriPartial.Authority)}"));

    /// <summary>Whether published batches are taken; a subscriber that is down does not.</summary>
    public bool Listens { get; set; } = true;

    /// <summary>Batches that were refused because a relay with a higher epoch had been heard.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Answers requests other than the bus's: what another service would say over HTTP. 404 when null.</summary>
    public RequestDelegate? Otherwise { get; set; }

    /// <summary>What was heard so far, each message once per subscriber, in the order of arrival.</summary>
    public IReadOnlyCollection<HeardMessage> Heard => _heard;

    /// <summary>Makes keys for all services in <paramref name="folder"/> and begins to listen on a free port.</summary>
    public static async Task<BusPeer> StartAsync(string folder)
    {
        var peer = new BusPeer(await MakeKeysAsync(folder));
        await peer._ear.StartAsync();
        return peer;
    }

    /// <summary>Makes keys for all services; returns the folder below <paramref name="folder"/> where they are.</summary>
    public static async Task<string> MakeKeysAsync(string folder)
    {
        var keys = Directory.CreateDirectory(Path.Combine(folder, "bus-keys")).FullName;
        foreach (var service in Services)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            await File.WriteAllTextAsync(Path.Combine(keys, $"{service}.private.pem"), key.ExportPkcs8PrivateKeyPem());
            await File.WriteAllTextAsync(Path.Combine(keys, $"{service}.public.pem"), key.ExportSubjectPublicKeyInfoPem());
        }

        return keys;
    }

    /// <summary>Somebody who has stolen the keys in a folder, and hears nothing.</summary>
    public static BusPeer WithKeysOf(string folder) => new(folder);

    /// <summary>An envelope as <paramref name="sender"/> would send it now.</summary>
    public static Envelope Wrap(string sender, IMessage message, string? id = null, MessageHeaders? headers = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        return Envelope.Of(message, id ?? Guid.CreateVersion7(now).ToString(), sender, headers ?? new MessageHeaders(), now);
    }

    /// <summary>Pushes a batch in the sender's name and waits until the receiver has acknowledged all of it.</summary>
    public async Task SendAsync(Uri receiverAddress, string receiver, string sender, params IReadOnlyList<Envelope> batch)
    {
        await _oneBatch.WaitAsync();
        try
        {
            var previous = _positions.GetValueOrDefault(sender);
            using var answer = await PostAsync(receiverAddress, batch, TokenFor(sender, receiver), previous, previous + batch.Count);
            if (!answer.IsSuccessStatusCode)
            {
                throw new HttpRequestException($"{receiver} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }

            _positions[sender] = previous + batch.Count;
        }
        finally
        {
            _oneBatch.Release();
        }
    }

    /// <summary>Pushes a batch with whatever token and positions, for tests of refusals.</summary>
    public async Task<HttpResponseMessage> PostAsync(Uri receiverAddress, IReadOnlyList<Envelope> batch, string token, long previous, long position, long epoch = 1)
    {
        var body = new CloudEventBatch { Events = { batch.Select(envelope => envelope.ToCloudEvent()) } };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(receiverAddress, "/bus/v1")) { Content = new ByteArrayContent(body.ToByteArray()) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(BusHeaders.ContentType);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add(BusHeaders.Epoch, epoch.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(BusHeaders.Previous, previous.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(BusHeaders.Position, position.ToString(CultureInfo.InvariantCulture));
        return await _http.SendAsync(request);
    }

    /// <summary>A token as the sender's relay makes it; signed with another service's key where <paramref name="signer"/> says so.</summary>
    public string TokenFor(string sender, string receiver, string? signer = null, TimeSpan? lifetime = null)
    {
        var now = TimeProvider.System.GetUtcNow();
        var header = JsonSerializer.SerializeToUtf8Bytes(new { alg = "ES256", typ = "bus+jwt" });
        var claims = JsonSerializer.SerializeToUtf8Bytes(new
        {
            iss = sender,
            aud = receiver,
            iat = now.ToUnixTimeSeconds(),
            nbf = now.ToUnixTimeSeconds(),
            exp = (now + (lifetime ?? TimeSpan.FromSeconds(60))).ToUnixTimeSeconds(),
        });
        var signed = $"{TestIssuer.Encode(header)}.{TestIssuer.Encode(claims)}";
        var signature = _keys[signer ?? sender].SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"{signed}.{TestIssuer.Encode(signature)}";
    }

    /// <summary>The messages of a type that were heard so far, each once.</summary>
    public IReadOnlyList<T> All<T>() where T : IMessage<T>, new() =>
    [
        .. _heard.Where(message => message.Envelope.Type == new T().Descriptor.FullName).DistinctBy(message => message.Envelope.Id).Select(Read<T>),
    ];

    /// <summary>Waits for a message and gives the first that fits.</summary>
    public async Task<T> HearAsync<T>(Func<T, bool> fits, TimeSpan? within = null) where T : class, IMessage<T>, new()
    {
        T? found = null;
        await Eventually.HoldsAsync(() => (found = All<T>().FirstOrDefault(fits)) is not null, $"{typeof(T).Name} was published", within);
        return found!;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ear.DisposeAsync();
        _http.Dispose();
        _oneBatch.Dispose();
        foreach (var key in _keys.Values)
        {
            key.Dispose();
        }
    }

    private static T Read<T>(HeardMessage message) where T : IMessage<T>, new() => new MessageParser<T>(() => new T()).ParseFrom(message.Envelope.Body);

    private async Task ListenAsync(HttpContext context)
    {
        if (context.Request.Path != "/bus/v1")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await (Otherwise?.Invoke(context) ?? Task.CompletedTask);
            return;
        }

        if (!Listens)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var subscriber = SubscriberOf(context.Request.Headers.Authorization.ToString());
        var epoch = long.Parse(context.Request.Headers[BusHeaders.Epoch].ToString(), CultureInfo.InvariantCulture);
        if (_epochs.AddOrUpdate(subscriber, epoch, (_, known) => Math.Max(known, epoch)) > epoch)
        {
            Interlocked.Increment(ref _refused);
            context.Response.StatusCode = StatusCodes.Status409Conflict;
            return;
        }

        foreach (var wire in CloudEventBatch.Parser.ParseFrom(body.ToArray()).Events)
        {
            // Relays push at least once: a batch whose acknowledgement was lost comes again.
            var envelope = Envelope.FromCloudEvent(wire);
            if (_known.TryAdd((subscriber, envelope.Id), true))
            {
                _heard.Enqueue(new HeardMessage(subscriber, envelope));
            }
        }
    }

    // Whom the token is for; that its signature holds is part of what a peer sees.
    private string SubscriberOf(string authorization)
    {
        var parts = authorization["Bearer ".Length..].Split('.');
        using var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]));
        var sender = claims.RootElement.GetProperty("iss").GetString()!;
        var signed = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
        var signature = System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]);
        return _keys[sender].VerifyData(signed, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            ? claims.RootElement.GetProperty("aud").GetString()!
            : throw new CryptographicException($"{sender} pushed a batch with a token that its key did not sign.");
    }
}
