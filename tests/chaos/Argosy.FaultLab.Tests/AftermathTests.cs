using Argosy.FaultLab.Nemesis;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

public sealed class AftermathTests
{
    [Fact]
    public void A_full_disk_excuses_its_service_s_deaths_of_that_time_and_no_others()
    {
        var at = new DateTimeOffset(2026, 3, 14, 9, 26, 0, TimeSpan.Zero);
        Aftermath.Deaths(
            [
                ("order-service", "ended with exit code 1", at.AddSeconds(-1)),
                ("order-service", "ended with exit code 2", at.AddSeconds(3)),
                ("payment-service", "ended with exit code 3", at.AddSeconds(3)),
                ("order-service", "ended with exit code 4", at.AddSeconds(60)),
            ],
            [("order-service", at, at.AddSeconds(10))])
            .ShouldBe(["order-service ended with exit code 1 by itself", "payment-service ended with exit code 3 by itself", "order-service ended with exit code 4 by itself"]);
    }
}
