using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting;

/// <summary>From start to exit code.</summary>
internal static partial class Run
{
    /// <summary>EX_CONFIG of sysexits.h: starting again the same way is no use.</summary>
    private const int BadConfiguration = 78;

    private const int EndedUnasked = 1;

    public static async Task UntilStoppedAsync(WebApplication app)
    {
        var options = app.Services.GetRequiredService<ServiceOptions>();
        var settings = app.Services.GetRequiredService<Settings>();
        var process = app.Services.GetRequiredService<ProcessLifetime>();
        try
        {
            if (settings.Errors.Count > 0)
            {
                throw new ConfigurationException(settings.Errors);
            }

            await StartAsync(app);
            LogStarted(app.Logger, options.Name, options.Version, string.Join(", ", app.Urls));
            await app.WaitForShutdownAsync();
            app.Services.GetService<ServiceStart>()?.ThrowIfFailed();

            // A background worker that died stops the host too, quietly; whoever watches the process must see that nobody asked for it.
            Environment.ExitCode = process.IsDraining ? 0 : EndedUnasked;
        }
        catch (ConfigurationException e)
        {
            Environment.ExitCode = BadConfiguration;
            Print(options, e.Errors);
        }
        catch (Exception e) when (ListenFault(e, options) is not null)
        {
            Environment.ExitCode = BadConfiguration;
            Print(options, [ListenFault(e, options)!]);
        }
        finally
        {
            await app.DisposeAsync();
        }
    }

    // What ends the start also stops the host, and the host's word of that may be the faster one.
    private static async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch (OperationCanceledException)
        {
            app.Services.GetService<ServiceStart>()?.ThrowIfFailed();
            throw;
        }
    }

    private static void Print(ServiceOptions options, IEnumerable<string> errors)
    {
        foreach (var error in errors)
        {
            StandardStreams.WriteError($"argosy: {options.Name}: {error.ReplaceLineEndings(" ")}");
        }
    }

    private static string? ListenFault(Exception e, ServiceOptions options) => (e, e.InnerException) switch
    {
        (IOException, AddressInUseException) =>
            $"SERVICE_PORT is {options.Port}, and another process listens there already: stop it, or choose another port.",
        (SocketException { SocketErrorCode: SocketError.AccessDenied }, _) =>
            $"SERVICE_PORT is {options.Port}, and this user may not listen there: choose one above 1023.",
        (SocketException { SocketErrorCode: SocketError.AddressNotAvailable }, _) =>
            $"SERVICE_HOST is '{options.Host}', and this machine has no such address: 127.0.0.1 is this machine, 0.0.0.0 all its networks.",
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "{Service} {Version} listens on {Addresses}")]
    private static partial void LogStarted(ILogger logger, string service, string version, string addresses);
}
