using System.Diagnostics;

namespace Argosy.Chassis.Messaging;

/// <summary>Spans of what is published and processed.</summary>
internal static class BusTelemetry
{
    public static ActivitySource Source { get; } = new("Argosy.Bus");
}
