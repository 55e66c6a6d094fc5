using System.Net;
using System.Text;
using System.Web;
using Argosy.Chassis.Resilience;

namespace Argosy.Simulation;

/// <summary>A charge or a refund in the provider's own books.</summary>
internal sealed record Booking(string Order, string Kind, long Amount);

/// <summary>
/// The card provider, with rules of its own: the part of Stripe's API that payment-service speaks. A key answers as it did the first
/// time; the token says what becomes of a charge; calls and answers get lost on the way.
/// </summary>
internal sealed class CardProvider(Turns turns, Faults faults, Misfortunes misfortunes)
{
    private readonly Dictionary<string, Intent> _intents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Status, string Body)> _keys = new(StringComparer.Ordinal);
    private readonly List<Booking> _books = [];

    /// <summary>What was charged and given back, in its order.</summary>
    public IReadOnlyList<Booking> Books => _books;

    /// <summary>The client that one life of payment-service calls it with.</summary>
    public IHttpClientFactory ClientOf(Life life) => new Clients(new Line(this, life));

    private (int Status, string Body) Answer(HttpMethod method, string path, string? key, Dictionary<string, string> form, string query)
    {
        if (key is not null && _keys.TryGetValue(key, out var before))
        {
            return before;
        }

        var answer = path.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            [_, "payment_intents"] => Create(form),
            [_, "payment_intents", "search"] => Search(query),
            [_, "payment_intents", var id] => (200, _intents[id].ToString()),
            [_, "payment_intents", var id, "confirm"] => Confirm(_intents[id]),
            [_, "payment_intents", var id, "cancel"] => Cancel(_intents[id]),
            [_, "refunds"] when method == HttpMethod.Get => (200, List(_intents[HttpUtility.ParseQueryString(query)["payment_intent"]!].Refunds)),
            [_, "refunds"] => Refund(form),
            _ => throw new InvalidOperationException($"The provider knows no {method} {path}."),
        };
        if (key is not null)
        {
            _keys[key] = answer;
        }

        return answer;
    }

    private (int, string) Create(Dictionary<string, string> form)
    {
        var intent = new Intent($"pi_{_intents.Count + 1}", form["metadata[payment_id]"], form["metadata[order_id]"], form["currency"], long.Parse(form["amount"]), form["payment_method_data[card][token]"]);
        _intents.Add(intent.Id, intent);
        return (200, intent.ToString());
    }

    private (int, string) Search(string query) =>
        (200, List(_intents.Values.Where(intent => query.Contains(intent.Payment, StringComparison.Ordinal)).Select(intent => intent.ToString())));

    private (int, string) Confirm(Intent intent)
    {
        if (intent.Status is "succeeded" or "canceled")
        {
            return Refusal("payment_intent_unexpected_state", intent);
        }

        if (intent.Token == "tok_declined")
        {
            (intent.Status, intent.Declined) = ("requires_payment_method", true);
            return Refusal("card_declined", intent);
        }

        intent.Status = "succeeded";
        _books.Add(new Booking(intent.Order, "charge", intent.Amount));
        return intent.Token == "tok_error_after_charge" ? (500, "") : (200, intent.ToString());
    }

    private static (int, string) Cancel(Intent intent)
    {
        if (intent.Status == "succeeded")
        {
            return Refusal("payment_intent_unexpected_state", intent);
        }

        intent.Status = "canceled";
        return (200, intent.ToString());
    }

    private (int, string) Refund(Dictionary<string, string> form)
    {
        var intent = _intents[form["payment_intent"]];
        var amount = long.Parse(form["amount"]);
        if (intent.Status != "succeeded" || intent.Refunded + amount > intent.Amount)
        {
            return Refusal("charge_already_refunded", intent);
        }

        intent.Refunded += amount;
        intent.Refunds.Add($$"""{"id":"re_{{intent.Id}}_{{intent.Refunds.Count + 1}}","status":"succeeded","amount":{{amount}},"metadata":{"refund_id":"{{form["metadata[refund_id]"]}}"} }""");
        _books.Add(new Booking(intent.Order, "refund", amount));
        return (200, intent.Refunds[^1]);
    }

    private static (int, string) Refusal(string code, Intent intent) =>
        (402, $$"""{"error":{"type":"card_error","code":"{{code}}","message":"{{code}}","payment_intent":{{intent}} } }""");

    private static string List(IEnumerable<string> items) => $$"""{"data":[{{string.Join(',', items)}}]}""";

    private sealed class Intent(string id, string payment, string order, string currency, long amount, string token)
    {
        public string Id => id;

        public string Payment => payment;

        public string Order => order;

        public string Token => token;

        public long Amount => amount;

        public string Status { get; set; } = "requires_confirmation";

        public bool Declined { get; set; }

        public long Refunded { get; set; }

        public List<string> Refunds { get; } = [];

        public override string ToString() =>
            $$"""
            {"id":"{{id}}","status":"{{Status}}","amount":{{amount}},"amount_received":{{(Status == "succeeded" ? amount : 0)}},"currency":"{{currency}}",
            "metadata":{"payment_id":"{{payment}}"}{{(Declined ? ",\"last_payment_error\":{\"type\":\"card_error\",\"code\":\"card_declined\"}" : "")}} }
            """;
    }

    private sealed class Clients(Line line) : IHttpClientFactory
    {
        private readonly HttpClient _client = new(line) { BaseAddress = new Uri("http://provider"), Timeout = Timeout.InfiniteTimeSpan };

        public HttpClient CreateClient(string name) => _client;
    }

    /// <summary>The line to the provider, with the time-out of the product's client. Whatever ends a call happens in the world, outside of any process.</summary>
    private sealed class Line(CardProvider provider, Life life) : HttpMessageHandler
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (turns, faults) = (provider.Turns, provider.Faults);
            var answer = new TaskCompletionSource<HttpResponseMessage>();
            void End(Action end)
            {
                if (life.IsAlive)
                {
                    end();
                }
            }

            var path = request.RequestUri!.AbsolutePath;
            turns.Trace.Say(turns, life.Name, $"asks the provider: {request.Method} {path}");
            var call = Read(request);
            var (lost, silent, twice) = (provider.Strike("loss", faults.Losses), provider.Strike("silence", faults.Losses), provider.Strike("repeat", faults.Repeats));
            if (!lost)
            {
                for (var i = 0; i < (twice ? 2 : 1); i++)
                {
                    var first = i == 0;
                    turns.In(provider.Delay(), $"{request.Method} {path} reaches the provider", () =>
                    {
                        var (status, body) = provider.Answer(request.Method, path, call.Key, call.Form, request.RequestUri.Query);
                        var mute = silent || (path.EndsWith("/confirm", StringComparison.Ordinal) && call.Mute(provider));
                        if (first && !mute)
                        {
                            turns.In(provider.Delay(), $"the provider answers {status}", () => End(() => answer.TrySetResult(
                                new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") })));
                        }
                    });
                }
            }

            turns.In(Patience, $"{life.Name} has waited long enough for {path}", () => End(() => answer.TrySetException(
                new DependencyException("payment-provider", "did not answer", TimeSpan.FromSeconds(1)))));
            cancellationToken.UnsafeRegister(_ => turns.In(TimeSpan.Zero, $"{life.Name} gives up {path}", () => End(() => answer.TrySetCanceled(cancellationToken))), null);
            return answer.Task;
        }

        private static Call Read(HttpRequestMessage request)
        {
            var form = new Dictionary<string, string>(StringComparer.Ordinal);
            if (request.Content is not null)
            {
                using var reader = new StreamReader(request.Content.ReadAsStream());
                var fields = HttpUtility.ParseQueryString(reader.ReadToEnd());
                foreach (var name in fields.AllKeys)
                {
                    form[name!] = fields[name]!;
                }
            }

            return new Call(request.Headers.TryGetValues("Idempotency-Key", out var keys) ? keys.Single() : null, form, request.RequestUri!.AbsolutePath);
        }

        private sealed record Call(string? Key, Dictionary<string, string> Form, string Path)
        {
            public bool Mute(CardProvider provider) => provider._intents[Path.Split('/')[^2]].Token == "tok_timeout";
        }
    }

    private bool Strike(string fault, double odds) => misfortunes.Strike(fault, "calls to the provider", odds);

    private TimeSpan Delay() => Strike("delay", faults.Delays)
        ? TimeSpan.FromMilliseconds(misfortunes.Detail(turns.Chance.Next(100, 8000)))
        : TimeSpan.FromMicroseconds(turns.Chance.Next(500, 5000));

    private Turns Turns => turns;

    private Faults Faults => faults;
}
