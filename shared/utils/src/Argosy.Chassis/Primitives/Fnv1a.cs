namespace Argosy.Chassis;

/// <summary>FNV-1a, 32 bits: the same on every run and machine, unlike <see cref="string.GetHashCode()"/>. For spreading, not for secrets.</summary>
internal static class Fnv1a
{
    public static uint Of(string text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 16777619u;
        }

        return hash;
    }
}
