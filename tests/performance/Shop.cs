using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;

namespace Argosy.Performance;

/// <summary>Customers who order at a fleet's gateway, each with an address to ship to and a card that is good.</summary>
internal sealed class Shop : IDisposable
{
    private const string Sku = "BENCH-TEA";
    private const int Customers = 8;
    private const int Stock = 1_000_000;
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(250);
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly byte[] Order = JsonSerializer.SerializeToUtf8Bytes(new
    {
        lines = new[] { new { sku = Sku, quantity = 1 } },
        paymentToken = "tok_visa",
        shippingAddress = new { name = "Ada", street = "1 Main St", city = "Berlin", postalCode = "10115", country = "DE" },
    });

    private static readonly TimeSpan DrainWithin = TimeSpan.FromMinutes(3);

    private readonly FleetUnderTest _fleet;
    private readonly HttpClient _http;
    private readonly List<AuthenticationHeaderValue> _customers = [];
    private readonly ConcurrentBag<ThinConnection> _thin = [];      // those that nobody uses
    private long? _seen;
    private long _confirmed;

    private Shop(FleetUnderTest fleet)
    {
        _fleet = fleet;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = fleet.Gateway,
            Timeout = TimeSpan.FromSeconds(30),
        };
        _http.DefaultRequestHeaders.Add("X-API-Key", fleet.ClientKey);
    }

    public static async Task<Shop> OpenAsync(FleetUnderTest fleet, CancellationToken cancellation, int customers = Customers)
    {
        var shop = new Shop(fleet);
        await shop.PutOnShelfAsync(cancellation);
        for (var i = 0; i < customers; i++)
        {
            shop._customers.Add(await shop.RegisterAsync(cancellation));
        }

        return shop;
    }

    /// <summary>Places an order and returns its id as soon as it is accepted.</summary>
    public async Task<string> PlaceAsync(int number, CancellationToken cancellation)
    {
        using var request = Request(number);
        using var answer = await _http.SendAsync(request, cancellation);
        await EnsureAsync(answer, cancellation);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("id").GetString()!;
    }

    /// <summary>Places an order; null if it was taken, else what was answered. As cheap as can be: many may be refused.</summary>
    public async Task<string?> OfferAsync(int number, CancellationToken cancellation)
    {
        var connection = _thin.TryTake(out var idle) ? idle : await ThinConnection.OpenAsync(_fleet.Gateway, cancellation);
        var head = $"POST /api/v1/orders HTTP/1.1\r\nHost: {_fleet.Gateway.Authority}\r\nX-API-Key: {_fleet.ClientKey}\r\nAuthorization: {_customers[number % _customers.Count]}\r\n"
            + $"Idempotency-Key: {Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}\r\nContent-Type: application/json\r\nContent-Length: {Order.Length}\r\n\r\n";
        var status = await connection.AskAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. Order], cancellation);
        _thin.Add(connection);
        return status == (int)HttpStatusCode.Accepted ? null : string.Create(CultureInfo.InvariantCulture, $"answered {status}");
    }

    /// <summary>Places an order and follows its stream until it is confirmed, as a shop's page does.</summary>
    public async Task PlaceAndFollowAsync(int number, CancellationToken cancellation)
    {
        var id = await PlaceAsync(number, cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/orders/{id}/stream");
        request.Headers.Authorization = _customers[number % _customers.Count];
        using var stream = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        await EnsureAsync(stream, cancellation);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(cancellation));
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.Contains("\"status\":\"confirmed\"", StringComparison.Ordinal))
            {
                return;
            }

            if (line.Contains("\"status\":\"cancelled\"", StringComparison.Ordinal))
            {
                throw new IOException($"order {id} was cancelled: {line}");
            }
        }

        throw new IOException($"the stream of order {id} ended before the order was confirmed");
    }

    /// <summary>
    /// Orders per second that are carried to their end: <paramref name="clients"/> submit as fast as they are answered, who is told that there is
    /// too much to do asks again soon, and the clock stops when the last order is confirmed.
    /// </summary>
    public async Task<double> CarryAsync(int orders, int clients, CancellationToken cancellation)
    {
        var target = await ConfirmedAsync() + orders;
        var next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(SubmitAsync, cancellation)));
        while (await ConfirmedAsync() < target)
        {
            if (clock.Elapsed > DrainWithin)
            {
                throw new TimeoutException($"{target - await ConfirmedAsync()} of {orders} orders were not confirmed within {DrainWithin.TotalMinutes:N0} minutes.");
            }

            await Task.Delay(20, cancellation);
        }

        return orders / clock.Elapsed.TotalSeconds;

        async Task SubmitAsync()
        {
            while (Interlocked.Increment(ref next) is var number && number < orders)
            {
                while (!await IsTakenAsync(number))
                {
                    await Task.Delay(AskAgainAfter, cancellation);
                }
            }
        }

        async Task<bool> IsTakenAsync(int number)
        {
            try
            {
                await PlaceAsync(number, cancellation);
                return true;
            }
            catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                return false;
            }
        }
    }

    /// <summary>
    /// How many orders have been confirmed since it was asked first, from the database, past the service whose speed is measured.
    /// Each call reads what came since the last one, so that asking often costs little and never more as the history grows.
    /// </summary>
    public async Task<long> ConfirmedAsync()
    {
        await using var orders = _fleet.Connect("order-service");
        var last = await orders.ExecuteScalarAsync<long?>("select max(position) from es_event") ?? 0;
        _confirmed += await orders.ExecuteScalarAsync<long>(
            "select count(*) from es_event where position > @seen and position <= @last and type = 'order.confirmed'", new { seen = _seen ?? last, last });
        _seen = last;
        return _confirmed;
    }

    public void Dispose()
    {
        _http.Dispose();
        foreach (var connection in _thin)
        {
            connection.Dispose();
        }
    }

    private HttpRequestMessage Request(int number)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/orders") { Content = new ByteArrayContent(Order) };
        request.Content.Headers.ContentType = Json;
        request.Headers.Authorization = _customers[number % _customers.Count];
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString());
        return request;
    }

    private async Task PutOnShelfAsync(CancellationToken cancellation)
    {
        var password = (await File.ReadAllTextAsync(Path.Combine(_fleet.Data, "services", "auth-service", "admin-password"), cancellation)).Trim();
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/items/{Sku}")
        {
            Content = JsonContent.Create(new { name = "Tea for benches", price = new { amount = 990, currency = "EUR" }, stock = Stock }),
        };
        request.Headers.Authorization = await LoginAsync("admin@argosy.local", password, cancellation);
        using var answer = await _http.SendAsync(request, cancellation);
        if (answer.StatusCode != HttpStatusCode.PreconditionRequired)      // it lies there from an earlier run, and an update is what that asks for
        {
            await EnsureAsync(answer, cancellation);
        }
    }

    private async Task<AuthenticationHeaderValue> RegisterAsync(CancellationToken cancellation)
    {
        var email = string.Create(CultureInfo.InvariantCulture, $"bench-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}@example.com");
        const string Password = "correct horse battery staple";
        using var registered = await _http.PostAsJsonAsync("/api/v1/auth/register", new { email, password = Password, name = "Ada" }, cancellation);
        await EnsureAsync(registered, cancellation);
        return await LoginAsync(email, Password, cancellation);
    }

    private async Task<AuthenticationHeaderValue> LoginAsync(string email, string password, CancellationToken cancellation)
    {
        using var login = await _http.PostAsJsonAsync("/api/v1/auth/login", new { email, password }, cancellation);
        await EnsureAsync(login, cancellation);
        return new AuthenticationHeaderValue("Bearer", (await login.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("access_token").GetString());
    }

    private static async Task EnsureAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.AbsolutePath} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellation)}", null, answer.StatusCode);
        }
    }
}
