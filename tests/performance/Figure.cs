namespace Argosy.Performance;

/// <summary>One row of the table.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Measured">With its unit.</param>
/// <param name="Budget">What it should be, or "" where none is set.</param>
/// <param name="Ratio">Measured against the budget or the peer; over 1 is better than asked.</param>
internal sealed record Figure(string What, string Measured, string Budget = "", double? Ratio = null)
{
    public static Figure AtLeast(string what, double measured, double budget, string unit) =>
        new(what, $"{measured:N0} {unit}", $"≥ {budget:N0} {unit}", measured / budget);

    public static Figure AtMost(string what, double measured, double budget, string unit, string format = "N0") =>
        new(what, $"{measured.ToString(format, null)} {unit}", $"≤ {budget.ToString(format, null)} {unit}", budget / measured);
}
