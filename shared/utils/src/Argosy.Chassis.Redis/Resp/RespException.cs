namespace Argosy.Chassis.Redis.Resp;

/// <summary>What came is not RESP3, or is more than we take. The connection has lost its place and is closed.</summary>
internal sealed class RespException(string what) : Exception($"Redis sent what cannot be read: {what}.");
