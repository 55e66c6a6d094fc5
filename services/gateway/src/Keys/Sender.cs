using System.Runtime.InteropServices;
using Argosy.Chassis;

namespace Argosy.Gateway.Keys;

/// <summary>Whom the key in a request's header names.</summary>
/// <param name="Client">A client with a quota of its own, and then nothing else counts; null for everybody else.</param>
/// <param name="Key">The user's API key by which the request is counted: <c>key:PREFIX</c>, proven by auth-service.</param>
/// <param name="Refusal">Why a user's API key is not taken; counted all the same, as its address.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Sender(string? Client = null, string? Key = null, Problem? Refusal = null);
