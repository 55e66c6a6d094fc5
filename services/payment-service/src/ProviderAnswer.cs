namespace Argosy.Payments;

/// <summary>What came of a call to the provider.</summary>
internal abstract record ProviderAnswer<T>
{
    /// <summary>It was done, and this is how things are.</summary>
    public sealed record Said(T What) : ProviderAnswer<T>;

    /// <summary>It was not done, and will not be; with how things are, where the provider says.</summary>
    public sealed record Refused(string Code, T? What) : ProviderAnswer<T>;

    /// <summary>It may have been done or not: ask before anything else.</summary>
    public sealed record InDoubt(string Why) : ProviderAnswer<T>;

    /// <summary>It was not done this time, for a reason that has nothing to do with the payment.</summary>
    public sealed record NotNow(string Why) : ProviderAnswer<T>;

    /// <summary>What a question was answered; without an answer nothing can be decided.</summary>
    public T MustSay(string about) => this is Said said ? said.What : throw Undecided($"reading {about}");

    /// <summary>Why nothing can be decided now.</summary>
    public UndecidedException Undecided(string what) => new(this switch
    {
        NotNow notNow => $"Not now, {what}: {notNow.Why}",
        InDoubt doubt => $"In doubt, {what}: {doubt.Why}",
        Refused refused => $"Refused, {what}: {refused.Code}",
        _ => what,
    });
}

/// <summary>The provider has not come to an end with it, or has not said so: look again later.</summary>
internal sealed class UndecidedException(string message) : Exception(message);
