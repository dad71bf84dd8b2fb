package interop;

import com.google.gson.Gson;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The calls of write-cases.ts by grpc-java. Arguments: file of the calls, address, and for TLS the file of the authority. */
public final class Main {
  private record Case(
      String name, String path, String[] requests, int status, int take, int answers, String contains) {}

  private record Outcome(Status status, List<byte[]> answers) {}

  /** Hands messages through as they are. */
  private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
    INSTANCE;

    @Override
    public InputStream stream(byte[] message) {
      return new ByteArrayInputStream(message);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }

  public static void main(String[] args) throws Exception {
    ChannelCredentials credentials =
        args.length > 2
            ? TlsChannelCredentials.newBuilder().trustManager(new File(args[2])).build()
            : InsecureChannelCredentials.create();
    ManagedChannel channel = Grpc.newChannelBuilder(args[1], credentials).build();
    Case[] cases = new Gson().fromJson(Files.readString(Path.of(args[0])), Case[].class);
    boolean right = true;
    for (Case wanted : cases) {
      right &= check(channel, wanted, CallOptions.DEFAULT, "");
      right &= check(channel, wanted, CallOptions.DEFAULT.withCompression("gzip"), ", gzip");
    }
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    System.exit(right ? 0 : 1);
  }

  private static boolean check(ManagedChannel channel, Case wanted, CallOptions options, String suffix)
      throws Exception {
    Outcome got = run(channel, wanted, options.withDeadlineAfter(10, TimeUnit.SECONDS));
    byte[] contains = Base64.getDecoder().decode(wanted.contains());
    boolean right =
        got.status().getCode().value() == wanted.status()
            && got.answers().size() == wanted.answers()
            && got.answers().stream().allMatch(answer -> contains(answer, contains));
    System.out.printf(
        "%s %s%s: %s, %d answers%n",
        right ? "ok" : "FAILED", wanted.name(), suffix, got.status().getCode(), got.answers().size());
    return right;
  }

  /** Makes one call; every kind is a bidirectional one on the wire. */
  private static Outcome run(ManagedChannel channel, Case wanted, CallOptions options) throws Exception {
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.newBuilder(Bytes.INSTANCE, Bytes.INSTANCE)
            .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
            .setFullMethodName(wanted.path().substring(1))
            .build();
    ClientCall<byte[], byte[]> call = channel.newCall(method, options);
    List<byte[]> answers = new ArrayList<>();
    CompletableFuture<Status> ended = new CompletableFuture<>();
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(byte[] answer) {
            answers.add(answer);
            if (answers.size() == wanted.take()) call.cancel("enough", null);
            call.request(1);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            ended.complete(status);
          }
        },
        new Metadata());
    call.setMessageCompression(true);
    call.request(1);
    for (String request : wanted.requests()) call.sendMessage(Base64.getDecoder().decode(request));
    call.halfClose();
    return new Outcome(ended.get(20, TimeUnit.SECONDS), answers);
  }

  private static boolean contains(byte[] whole, byte[] part) {
    return new String(whole, StandardCharsets.ISO_8859_1).contains(new String(part, StandardCharsets.ISO_8859_1));
  }
}
