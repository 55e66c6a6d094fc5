namespace Argosy.Simulation;

/// <summary>What must hold once everything is at rest, whatever happened before.</summary>
internal sealed class Laws(World world)
{
    public void Hold()
    {
        new MessageLaws(world).Hold();
        new SagaLaws(world).Hold();
        new BookLaws(world).Hold();
    }

    /// <summary>Ends the story where the law does not hold.</summary>
    public static void Must(bool holds, string law, string how)
    {
        if (!holds)
        {
            throw new LawBrokenException(law, how);
        }
    }
}
