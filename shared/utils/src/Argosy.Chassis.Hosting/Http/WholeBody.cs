using Microsoft.AspNetCore.Http;

namespace Argosy.Chassis.Hosting;

/// <summary>A request's body in memory: copied for whoever looks at it first, and there again for whoever binds it.</summary>
internal static class WholeBody
{
    /// <summary>All of it; its size is bounded by the server's limit.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext http)
    {
        if (http.Request.Body is not MemoryStream body)
        {
            body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            http.Request.Body = body;
            http.Response.RegisterForDispose(body);
        }

        body.Position = 0;
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }
}
