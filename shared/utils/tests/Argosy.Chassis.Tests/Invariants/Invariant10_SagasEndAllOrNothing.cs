using Argosy.Chassis.Sagas;
using Argosy.Chassis.Tests.Sagas;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>
/// On sagas of every shape, in a world that does what it likes with their messages; the checkout itself, on its real inboxes and
/// relays, is tests/chaos/Argosy.Simulation's.
/// </summary>
public sealed class Invariant10_SagasEndAllOrNothing
{
    [Fact]
    public void Whatever_happens_a_saga_ends_and_leaves_all_or_nothing()
    {
        const int Cases = 5000;
        var told = new Dictionary<SagaCallback, int>();
        Property.Holds(
            SagaScenario.Any,
            scenario =>
            {
                foreach (var callback in SagaWorld.Run(scenario))
                {
                    told[callback] = told.GetValueOrDefault(callback) + 1;
                }
            },
            Cases);

        // A model that never gets anywhere proves nothing: each end is reached by at least one case in a hundred.
        foreach (var end in Enum.GetValues<SagaCallback>())
        {
            told.GetValueOrDefault(end).ShouldBeGreaterThan(Cases / 100, $"{end}: {string.Join(", ", told)}");
        }
    }
}
