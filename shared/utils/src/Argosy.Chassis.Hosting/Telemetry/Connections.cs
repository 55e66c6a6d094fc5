using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary>How many connections clients hold open.</summary>
internal static class Connections
{
    private static readonly UpDownCounter<long> Active = ArgosySources.Meter.CreateUpDownCounter<long>("service.active_connections", "{connection}", "Connections that are open now.");

    public static void CountConnections(this ListenOptions endpoint)
    {
        Active.Add(0);
        endpoint.Use(static next => async connection =>
        {
            Active.Add(1);
            try
            {
                await next(connection);
            }
            finally
            {
                Active.Add(-1);
            }
        });
    }
}
