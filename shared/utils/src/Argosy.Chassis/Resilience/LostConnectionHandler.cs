using System.Net.Sockets;

namespace Argosy.Chassis.Resilience;

/// <summary>
/// Goes around every <see cref="SocketsHttpHandler"/>. A connection that was taken and reset before it could be used makes that one throw
/// a bare <see cref="SocketException"/>: it asks the socket whom it is connected to, and there is nobody any more. To callers it is a
/// connection that failed like any other.
/// </summary>
public sealed class LostConnectionHandler : DelegatingHandler
{
    /// <param name="connections">The handler that has the connections.</param>
    public LostConnectionHandler(HttpMessageHandler connections)
        : base(connections)
    {
    }

    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"The connection to {request.RequestUri?.Authority} was lost as soon as it was there: {e.Message}", e);
        }
    }
}
