namespace Argosy.Chassis.Resilience;

/// <summary>One instance of a service.</summary>
/// <param name="index">Its place in the list.</param>
/// <param name="address">Where it is.</param>
public sealed class Instance(int index, Uri address)
{
    private volatile bool _ready = true;

    /// <summary>Its place in <see cref="Instances.All"/>.</summary>
    public int Index => index;

    /// <summary>Where it is.</summary>
    public Uri Address => address;

    /// <summary>What was last seen of it; true before anything was.</summary>
    public bool IsReady { get => _ready; set => _ready = value; }
}

/// <summary>
/// The instances of a service that the environment lists: asked in turn, those that are not ready last. Where one name stands for all
/// of them, as in Kubernetes, there is one.
/// </summary>
public sealed class Instances
{
    private readonly Instance[] _all;
    private uint _turn;

    /// <summary>At least one address.</summary>
    public Instances(string name, IReadOnlyList<Uri> addresses)
    {
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Count);
        Name = name;
        _all = [.. addresses.Select((address, index) => new Instance(index, address))];
    }

    /// <summary>The service.</summary>
    public string Name { get; }

    /// <summary>In the order in which they were given.</summary>
    public IReadOnlyList<Instance> All => _all;

    /// <summary>Whom to ask, and whom after that: round robin over the ready ones, then the others, since what is known of them may be old.</summary>
    public IEnumerable<Instance> InTurn()
    {
        if (_all.Length == 1)
        {
            return _all;
        }

        var turn = Interlocked.Increment(ref _turn);
        return Enumerable.Range(0, _all.Length).Select(i => _all[(turn + (uint)i) % (uint)_all.Length]).OrderBy(instance => !instance.IsReady);
    }
}

/// <summary>Sends each attempt of a call to the next instance: below <see cref="CallHandler"/>, so that a repeat goes to another one.</summary>
public sealed class InstanceHandler(Instances instances) : DelegatingHandler
{
    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var instance = instances.InTurn().First();
        request.RequestUri = new Uri(instance.Address, request.RequestUri!.PathAndQuery);
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            instance.IsReady = true;
            return response;
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError)
        {
            instance.IsReady = false;
            throw;
        }
    }
}
