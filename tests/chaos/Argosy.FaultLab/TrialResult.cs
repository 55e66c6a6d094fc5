using System.Text.Json.Serialization;
using Argosy.FaultLab.Load;

namespace Argosy.FaultLab;

/// <summary>How one run went.</summary>
/// <param name="Kind">The trial's.</param>
/// <param name="Seed">What it was drawn from.</param>
/// <param name="Engines">What the fleet stood on.</param>
/// <param name="Faults">What was done to it, in the order in which it began.</param>
/// <param name="Operations">How many requests clients made.</param>
/// <param name="Overlapped">How many of them were under way while a fault was.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Findings">What doesn't add up; none is the good verdict.</param>
/// <param name="Besides">What was acknowledged besides orders; null where nobody was asked for it.</param>
internal sealed record TrialResult(
    string Kind, int Seed, string Engines, IReadOnlyList<string> Faults, int Operations, int Overlapped, double Seconds, IReadOnlyList<string> Findings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Besides? Besides = null)
{
    public bool Holds => Findings.Count == 0;
}
