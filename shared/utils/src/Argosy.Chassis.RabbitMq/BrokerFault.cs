using System.Net.Sockets;
using System.Security.Authentication;
using Argosy.Chassis.Store;
using RabbitMQ.Client.Exceptions;

namespace Argosy.Chassis.RabbitMq;

/// <summary>What went wrong with the broker, in one sentence that says what to do, and never the password.</summary>
internal static class BrokerFault
{
    private const int AccessRefused = 403;
    private const int NotFound = 404;
    private const int PreconditionFailed = 406;
    private const int NotAllowed = 530;

    public static string Describe(Exception error, RabbitUrl url, string service)
    {
        var chain = Chain(error).ToList();
        var refusal = chain.OfType<OperationInterruptedException>().FirstOrDefault(e => e.ShutdownReason is not null)?.ShutdownReason;
        return (refusal?.ReplyCode, chain) switch
        {
            // Leases and cursors are in the service's own database, and a session without it ends too.
            (_, var all) when all.Exists(e => e is StoreAwayException or CommitException) => all.First(e => e is StoreAwayException or CommitException).Message,
            (_, var all) when all.Exists(e => e is AuthenticationFailureException or PossibleAuthenticationFailureException) =>
                $"{url} refuses the login: check the user and the password in RABBITMQ_URL.",
            (_, var all) when all.Exists(e => e is AuthenticationException) =>
                $"{url} and this service do not agree on TLS: {all.First(e => e is AuthenticationException).Message}",
            (NotAllowed, _) => $"{url} does not let this user into the virtual host: make it, and give {url.User} permissions there. It said: {refusal!.ReplyText}",
            (AccessRefused, _) => $"{url} does not permit {url.User} what {service} needs: load its permissions. It said: {refusal!.ReplyText}",
            (PreconditionFailed, _) => $"{url} has something of {service} in another form than this version makes it: {refusal!.ReplyText}",
            (NotFound, _) => $"{url} has lost something of {service}: {refusal!.ReplyText}",
            (not null, _) => $"{url} closed the connection: {refusal!.ReplyText}",
            (_, var all) when all.OfType<SocketException>().FirstOrDefault() is { } socket => $"{url} cannot be reached: {socket.Message}.",
            (_, var all) when all.Exists(e => e is TimeoutException or OperationCanceledException) => $"{url} does not answer: {chain[^1].Message}",
            _ => $"{chain[^1].GetType().Name}: {chain[^1].Message.ReplaceLineEndings(" ")}",
        };
    }

    // The whole tree, outermost first.
    private static IEnumerable<Exception> Chain(Exception error)
    {
        yield return error;
        var inner = error is AggregateException all ? all.InnerExceptions : error.InnerException is { } one ? [one] : (IEnumerable<Exception>)[];
        foreach (var below in inner.SelectMany(Chain))
        {
            yield return below;
        }
    }
}
