namespace Argosy.Checker.Model;

/// <summary>
/// Plays the operations on one order against the model, one after the other, in every order that their times allow (linearizability,
/// as Wing and Gong check it, just in time as Lowe does). The protocol:
/// <list type="number">
/// <item>Keep all states in which the order may be, each with the operations under way that have had their effect there.</item>
/// <item>An operation begins: it may have its effect from now on. One without an answer may have it at any time, once, or never.</item>
/// <item>An answer is there: its operation has had its effect. Let everything that may happen happen; keep the states in which it has.</item>
/// <item>No state is left: these answers can't all be so.</item>
/// </list>
/// </summary>
internal static class Replay
{
    /// <summary>How many may be under way at once on one order; more are left out, which finds less and nothing wrong.</summary>
    private const int Most = 12;

    /// <summary>The fewest operations of which not all can be so, or none where all can.</summary>
    public static IReadOnlyList<Operation> Contradiction(IReadOnlyList<Operation> operations)
    {
        if (FirstImpossible(operations) is not { } last)
        {
            return [];
        }

        // Without any one of what is left, all the others can be so.
        var core = operations.Where(operation => operation.Asked <= last.At).ToList();
        foreach (var operation in core.ToList())
        {
            var without = core.Where(other => other != operation).ToList();
            if (operation.Doubted is { } doubted)
            {
                without.Add(doubted);
            }

            core = !operation.IsUnknown && FirstImpossible(without) is not null ? without : core;
        }

        return [.. core.Where(operation => !operation.IsUnknown).OrderBy(operation => operation.At)];
    }

    /// <summary>The operation whose answer no state explains, or null.</summary>
    private static Operation? FirstImpossible(IReadOnlyList<Operation> operations)
    {
        var world = new Worlds();
        var begin = operations.Select(operation => (operation.At, IsAnswer: false, Operation: operation) with { At = operation.Asked });
        var end = operations.Where(operation => !operation.IsUnknown).Select(operation => (operation.At, IsAnswer: true, Operation: operation));
        var steps = begin.Concat(end);
        foreach (var (_, isAnswer, operation) in steps.OrderBy(step => step.At).ThenBy(step => step.IsAnswer))
        {
            if (!isAnswer)
            {
                world.Begin(operation);
            }
            else if (!world.Answer(operation))
            {
                return operation;
            }
        }

        return null;
    }

    /// <summary>All that may be so now.</summary>
    private sealed class Worlds
    {
        private readonly Operation?[] _underWay = new Operation?[Most];
        private HashSet<(OrderState State, int Done)> _possible = [(default, 0)];
        private bool _mayBePlaced;
        private bool _mayBeCancelled;

        public void Begin(Operation operation)
        {
            _mayBePlaced |= operation.Kind == Kind.PlaceUnknown;
            _mayBeCancelled |= operation.Kind == Kind.CancelUnknown;
            var free = Array.IndexOf(_underWay, null);
            if (!operation.IsUnknown && free >= 0)
            {
                _underWay[free] = operation;
            }
            else
            {
                // One that is left out may have had its effect all the same.
                _mayBePlaced |= operation.Kind == Kind.Placed;
                _mayBeCancelled |= operation.Kind == Kind.CancelAccepted;
            }
        }

        public bool Answer(Operation operation)
        {
            var place = Array.IndexOf(_underWay, operation);
            if (place < 0)
            {
                return true;
            }

            var bit = 1 << place;
            _possible = [.. Everything().Where(one => (one.Done & bit) != 0).Select(one => (one.State, one.Done & ~bit))];
            _underWay[place] = null;
            return _possible.Count > 0;
        }

        private HashSet<(OrderState State, int Done)> Everything()
        {
            var found = new HashSet<(OrderState State, int Done)>(_possible);
            var open = new Stack<(OrderState State, int Done)>(_possible);
            while (open.TryPop(out var one))
            {
                foreach (var next in one.State.ByItself(_mayBePlaced, _mayBeCancelled).Select(state => (state, one.Done)).Concat(Effects(one)).Where(found.Add))
                {
                    open.Push(next);
                }
            }

            return found;
        }

        private IEnumerable<(OrderState, int)> Effects((OrderState State, int Done) one)
        {
            for (var i = 0; i < Most; i++)
            {
                if (_underWay[i] is { } operation && (one.Done & (1 << i)) == 0 && one.State.After(operation) is { } after)
                {
                    yield return (after, one.Done | (1 << i));
                }
            }
        }
    }
}
