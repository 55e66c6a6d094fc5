using Spectre.Console;

namespace Argosy.Cli.Terminal;

/// <summary>Two voices: what was asked for goes to standard output, everything said about it to standard error.</summary>
internal sealed class Screen
{
    private const int NeverWrap = 1_000_000;

    public IAnsiConsole Data { get; } = Create(Console.Out, Console.IsOutputRedirected);

    public IAnsiConsole Messages { get; } = Create(Console.Error, Console.IsErrorRedirected);

    /// <summary>Standard output again, for lines that stay one line however long they are, to be searched and copied.</summary>
    public IAnsiConsole Lines { get; } = Wide(Create(Console.Out, Console.IsOutputRedirected));

    /// <summary>A line of text that may hold anything; it is never read as markup and never wrapped.</summary>
    public void Say(string line) => Messages.Profile.Out.Writer.WriteLine(line);

    public void Print(string line) => Data.Profile.Out.Writer.WriteLine(line);

    /// <summary>Asks before something is done that cannot be taken back; whoever is no person has to have said so beforehand.</summary>
    public bool Confirms(string what)
    {
        if (Console.IsInputRedirected)
        {
            throw new Refusal($"{what}? Nobody is here to ask: say --yes");
        }

        Messages.Profile.Out.Writer.Write($"{what}? [y/N] ");
        return Console.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    private static IAnsiConsole Wide(IAnsiConsole console)
    {
        console.Profile.Width = NeverWrap;
        return console;
    }

    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        var plain = redirected || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            || Environment.GetEnvironmentVariable("TERM") is "dumb";
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = plain ? InteractionSupport.No : InteractionSupport.Detect,
            Out = new AnsiConsoleOutput(writer),
        });
    }
}
