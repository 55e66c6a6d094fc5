using Argosy.Cli;
using Argosy.Cli.Access;
using Argosy.Cli.Demo;

namespace Argosy.FaultLab.Load;

/// <summary>Orders that somebody follows while things are broken. Who follows one hears of its end, over however many connections.</summary>
/// <param name="customer">Who follows.</param>
/// <param name="recorder">Writes down what is heard.</param>
/// <param name="enough">Nobody follows anything any more.</param>
internal sealed class Streams(Session customer, Recorder recorder, CancellationToken enough)
{
    private const int MostAtOnce = 4;       // so that a service that is away isn't asked by hundreds
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly List<(string Order, Task Heard)> _followed = [];

    /// <summary>How many have been followed to their end.</summary>
    public int Heard => _followed.Count(stream => stream.Heard.IsCompletedSuccessfully);

    /// <summary>One more, unless there are enough.</summary>
    public void Follow(string order)
    {
        if (_followed.Count(stream => !stream.Heard.IsCompleted) < MostAtOnce)
        {
            _followed.Add((order, FollowAsync(new OrderWatch(customer, order, recorder))));
        }
    }

    /// <summary>All is over: the ends that weren't heard of.</summary>
    /// <param name="deadline">Until then they may be under way.</param>
    public async Task<IReadOnlyList<string>> CheckAsync(CancellationToken deadline)
    {
        await Task.WhenAll(_followed.Select(stream => stream.Heard)).WaitAsync(deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return
        [
            .. _followed.Where(stream => !stream.Heard.IsCompletedSuccessfully).Select(stream =>
                $"order {stream.Order} was followed on its stream, which hasn't told its end{(stream.Heard.Exception?.GetBaseException() is { } error ? $": {error}" : "")}"),
        ];
    }

    /// <summary>Nobody writes down anything any more when this returns; <c>enough</c> has said so before.</summary>
    public async Task EndAsync() => await Task.WhenAll(_followed.Select(stream => stream.Heard)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task FollowAsync(OrderWatch watch)
    {
        while (true)
        {
            try
            {
                await watch.UntilAsync(order => order.Status is "confirmed" or "shipped" or "cancelled", enough);
                return;
            }
            catch (Exception e) when (e is UnansweredException or Refusal)
            {
                await Task.Delay(Pause, enough);        // nobody lets them in just now
            }
        }
    }
}
