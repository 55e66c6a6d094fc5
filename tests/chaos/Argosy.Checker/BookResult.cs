namespace Argosy.Checker;

/// <summary>One book: what was compared, and a finding for everything in it that doesn't add up.</summary>
/// <param name="Book">The letter by which the design calls it, and a word.</param>
internal sealed record BookResult(string Book, string Summary, IReadOnlyList<Finding> Findings)
{
    public bool AddsUp => Findings.Count == 0;
}
