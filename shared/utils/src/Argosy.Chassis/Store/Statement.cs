namespace Argosy.Chassis.Store;

/// <summary>What it means when a statement touched another number of rows than it must.</summary>
internal enum Mismatch
{
    Conflict,
    Duplicate,
}

/// <summary>One statement of a write set.</summary>
/// <param name="Sql">Portable SQL.</param>
/// <param name="Args">An object whose properties are the parameters.</param>
/// <param name="Rows">How many rows it must touch; null where any number will do.</param>
/// <param name="OnMismatch">What another number means.</param>
/// <param name="IsQuery">Whether it is a guard that must return a row, instead of a change.</param>
internal sealed record Statement(string Sql, object? Args, int? Rows, Mismatch OnMismatch = Mismatch.Conflict, bool IsQuery = false);
