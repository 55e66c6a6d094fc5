using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Cli.Access;
using Argosy.FaultLab.Load;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>What a customer of the lab takes for a lost or a made-up change of their profile.</summary>
public sealed class ProfileTests
{
    private readonly Profile _profile = new("ada");
    private string _name = "before";
    private int _version = 1;

    [Fact]
    public async Task What_was_acknowledged_last_is_there_in_the_end()
    {
        await ChangeAsync(isDone: true, isAnswered: true);
        await ChangeAsync(isDone: true, isAnswered: true);
        (await CheckAsync()).ShouldBeNull();

        _name = "Customer at change 1";
        (await CheckAsync()).ShouldBe("the profile of ada has the name 'Customer at change 1' in the end; by what was answered it is 'Customer at change 2'");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_nobody_answered_may_be_there_or_not_until_something_later_is_acknowledged(bool isDone)
    {
        await ChangeAsync(isDone, isAnswered: false);
        (await CheckAsync()).ShouldBeNull();
        var unknown = "Customer at change 1";

        await ChangeAsync(isDone: true, isAnswered: true);
        (await CheckAsync()).ShouldBeNull();
        _name = unknown;
        (await CheckAsync()).ShouldNotBeNull();
    }

    [Fact]
    public async Task Whoever_never_changed_it_has_nothing_to_compare() => (await CheckAsync()).ShouldBeNull();

    private Task ChangeAsync(bool isDone, bool isAnswered) => _profile.ChangeAsync(ask =>
    {
        if (ask.Method == HttpMethod.Get)
        {
            return Task.FromResult<Answer?>(Read());
        }

        ask.IfMatch.ShouldBe($"\"{_version}\"");
        if (isDone)
        {
            (_name, _version) = ((string)JsonNode.Parse(ask.Body!)!["name"]!, _version + 1);
        }

        return Task.FromResult(isAnswered ? Read() : null);
    });

    private Task<string?> CheckAsync() => _profile.CheckAsync(_ => Task.FromResult(Read()));

    private Answer Read() => new(HttpStatusCode.OK, JsonSerializer.SerializeToUtf8Bytes(new { name = _name }), RetryAfter: null) { ETag = $"\"{_version}\"" };
}
