using System.Text;

namespace Argosy.Checker.Model;

/// <summary>
/// Most orders go one of a few ways. What the model says depends on the kinds of their operations and on how these lie to each other in
/// time, and on nothing else; so each shape is replayed once, however many orders have it.
/// </summary>
internal sealed class Shapes
{
    private readonly HashSet<string> _right = new(StringComparer.Ordinal);

    public bool AreKnownToBeRight(IReadOnlyList<Operation> operations) => _right.Contains(ShapeOf(operations));

    public void AreRight(IReadOnlyList<Operation> operations) => _right.Add(ShapeOf(operations));

    private static string ShapeOf(IReadOnlyList<Operation> operations)
    {
        var steps = new List<(DateTimeOffset At, bool IsAnswer, int Which)>(operations.Count * 2);
        for (var i = 0; i < operations.Count; i++)
        {
            steps.Add((operations[i].Asked, false, i));
            steps.Add((operations[i].At, true, i));
        }

        steps.Sort();
        var shape = new StringBuilder(steps.Count * 3);
        foreach (var (_, isAnswer, which) in steps)
        {
            var operation = operations[which];
            shape.Append(which).Append(isAnswer ? ":answered " : $":{operation.Kind} {operation.Told} ");
        }

        return shape.ToString();
    }
}
