using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Ready means: tokens can be checked.</summary>
sealed class IssuerKeysHealth(KeyRing ring) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(ring.HasKeys
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The token issuer's keys are not here yet."));
}
