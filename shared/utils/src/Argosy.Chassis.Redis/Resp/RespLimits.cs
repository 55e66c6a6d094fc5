namespace Argosy.Chassis.Redis.Resp;

/// <summary>How much one reply may be. What is announced is never allocated ahead: memory grows with what has come.</summary>
/// <param name="Line">Bytes of a line: a simple string, an error, a number. At least 32.</param>
/// <param name="Bytes">Bytes of all strings of one reply.</param>
/// <param name="Items">Values in one reply, those that hold others included.</param>
/// <param name="Depth">How deep values lie in each other.</param>
internal sealed record RespLimits(int Line = 16 * 1024, int Bytes = 8 * 1024 * 1024, int Items = 64 * 1024, int Depth = 16);
