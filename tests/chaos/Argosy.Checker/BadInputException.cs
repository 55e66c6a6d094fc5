namespace Argosy.Checker;

/// <summary>There is nothing to check, or it can't be read: no verdict, neither good nor bad.</summary>
internal sealed class BadInputException(string message) : Exception(message);
