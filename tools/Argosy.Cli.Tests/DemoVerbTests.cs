using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.Cli.Verbs;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class DemoVerbTests
{
    [Theory]
    [InlineData("--orders", "x", "'x'")]
    [InlineData("--rate", "x", "'x'")]
    [InlineData("--rate", "0", "--rate must be over 0")]
    [InlineData("--in-flight", "5000", "--in-flight must be from 1 to 1000, and is 5000.")]
    public void A_value_that_is_no_use_is_named_with_what_would_be(string option, string value, string says)
    {
        using var interrupts = new Interrupts();
        var demo = DemoVerb.Create(new CliContext(Repository.Find(), new Screen(), interrupts, TimeProvider.System));

        demo.Parse([option, value]).Errors.ShouldHaveSingleItem().Message.ShouldContain(says);
    }
}
