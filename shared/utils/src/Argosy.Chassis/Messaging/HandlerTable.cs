using System.Reflection;
using Argosy.Chassis.Store;
using Google.Protobuf;

namespace Argosy.Chassis.Messaging;

/// <summary>A message as a handler gets it: read, with the envelope it came in.</summary>
internal delegate Task Handler(IServiceProvider services, Envelope envelope, IMessage message, WriteSet work, CancellationToken cancellation);

/// <summary>One handler per message type and service.</summary>
internal sealed class HandlerTable
{
    private readonly Dictionary<string, (MessageType Type, Handler Handler)> _handlers = new(StringComparer.Ordinal);

    /// <summary>The types that this service handles.</summary>
    public IReadOnlyCollection<string> Types => _handlers.Keys;

    /// <summary>The types as one text, for the query <c>@handled like '%;' || type || ';%'</c>, which every engine understands.</summary>
    public string Listed => $";{string.Join(';', _handlers.Keys)};";

    public bool Handles(string type) => _handlers.ContainsKey(type);

    public void Add(MessageType type, Handler handler)
    {
        if (!_handlers.TryAdd(type.Name, (type, handler)))
        {
            throw new InvalidOperationException($"{type.Name} has two handlers in this service: one message type, one handler.");
        }
    }

    /// <summary>
    /// Registers every public method <c>Task Name(TMessage message, WriteSet work, CancellationToken cancellation)</c> of a class
    /// whose instance comes from the container.
    /// </summary>
    public void AddClass(Type type)
    {
        var found = false;
        foreach (var method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        {
            if (IsHandler(method))
            {
                found = true;
                Add(MessageType.Of(method.GetParameters()[0].ParameterType), Bind(type, method));
            }
        }

        if (!found)
        {
            throw new InvalidOperationException($"{type.Name} has no public method `Task Handle(TMessage, WriteSet, CancellationToken)`.");
        }
    }

    public Task HandleAsync(IServiceProvider services, Envelope envelope, WriteSet work, CancellationToken cancellation)
    {
        if (!_handlers.TryGetValue(envelope.Type, out var entry))
        {
            throw new InvalidOperationException($"Nobody here handles {envelope.Type}.");
        }

        return entry.Handler(services, envelope, entry.Type.Parser.ParseFrom(envelope.Body), work, cancellation);
    }

    /// <summary>The body as JSON, for an operator's eyes; null where no handler knows the type or the body cannot be read.</summary>
    public string? BodyAsJson(Envelope envelope)
    {
        try
        {
            return _handlers.TryGetValue(envelope.Type, out var entry) ? JsonFormatter.Default.Format(entry.Type.Parser.ParseFrom(envelope.Body)) : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>What an operator wants a message to say instead.</summary>
    /// <param name="envelope">The message as it is.</param>
    /// <param name="json">The whole body as JSON.</param>
    /// <param name="changed">The new body, and which fields differ.</param>
    /// <returns>Null, or what is wrong with it, beginning with the field.</returns>
    public string? EditBody(Envelope envelope, string json, out (ByteString Body, IReadOnlyList<string> Fields) changed)
    {
        changed = (ByteString.Empty, []);
        if (!_handlers.TryGetValue(envelope.Type, out var entry))
        {
            return $"Nobody here handles {envelope.Type}: it cannot be read, so it cannot be changed. Discard it, or start a version that handles it.";
        }

        if (MessageJson.Read(entry.Type.Descriptor, json, out var fault) is not { } wanted)
        {
            return fault;
        }

        if (entry.Type.FaultOfKey(wanted, envelope.Key) is { } moved)
        {
            return moved;
        }

        var differing = MessageJson.Differences(entry.Type.Parser.ParseFrom(envelope.Body), wanted);
        changed = (wanted.ToByteString(), differing);
        return differing.Count > 0 ? null : "The body says what the message says already: to try it again as it is, retry it.";
    }

    private static bool IsHandler(MethodInfo method)
    {
        var parameters = method.GetParameters();
        return method.ReturnType == typeof(Task)
            && parameters.Length == 3
            && typeof(IMessage).IsAssignableFrom(parameters[0].ParameterType)
            && parameters[1].ParameterType == typeof(WriteSet)
            && parameters[2].ParameterType == typeof(CancellationToken);
    }

    private static Handler Bind(Type owner, MethodInfo method)
    {
        var bind = typeof(HandlerTable).GetMethod(nameof(BindTyped), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(owner, method.GetParameters()[0].ParameterType);
        return (Handler)bind.Invoke(null, [method])!;
    }

    private static Handler BindTyped<TOwner, TMessage>(MethodInfo method)
        where TMessage : IMessage
    {
        var call = method.CreateDelegate<Func<TOwner, TMessage, WriteSet, CancellationToken, Task>>();
        return (services, _, message, work, cancellation) => call((TOwner)services.GetService(typeof(TOwner))!, (TMessage)message, work, cancellation);
    }
}
