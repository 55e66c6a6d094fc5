using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>
/// Tests that start whole fleets, one after the other: where the processors are full, one fleet more makes all of them slower than it is
/// worth, since what one had in the caches is gone when it is its turn again.
/// </summary>
[CollectionDefinition(nameof(WholeFleets))]
public sealed class WholeFleets;
