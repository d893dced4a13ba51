package org.pgcluster.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgcluster.error.ErrorCode;
import org.pgcluster.error.ToolException;

class FolderTest {
    @TempDir
    Path state;

    @Test
    void a_folder_of_another_user_is_refused() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can give a folder away");
        var folder = Files.createDirectory(state.resolve("theirs"));
        Files.setOwner(
                folder, folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        var refused = assertThrows(ToolException.class, () -> Folder.open(folder));
        assertTrue(refused.text().contains("it belongs to nobody"), refused.text());
    }

    @Test
    void a_file_of_another_user_is_refused() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can give a file away");
        var folder = Folder.open(state.resolve("ours"));
        folder.write("note", "text");
        var file = folder.file("note");
        Files.setOwner(
                file, file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        assertThrows(ToolException.class, () -> folder.read("note"));
    }

    @Test
    void a_file_where_the_folder_should_be_is_told() throws IOException {
        var file = Files.writeString(state.resolve("file"), "");
        var refused = assertThrows(ToolException.class, () -> Folder.open(file.resolve("state")));
        assertEquals(ErrorCode.NOT_CONFIGURED, refused.code());
        assertThrows(ToolException.class, () -> Folder.open(file));
    }

    @Test
    void only_the_first_creates() {
        var folder = Folder.open(state.resolve("ours"));
        assertTrue(folder.create("mark", "a"));
        assertEquals(false, folder.create("mark", "b"));
        assertEquals("a", folder.read("mark").orElseThrow());
    }

    @Test
    void a_link_is_followed_once_and_turning_it_later_turns_nothing() throws IOException {
        var first = Files.createDirectory(state.resolve("first"));
        var second = Files.createDirectory(state.resolve("second"));
        var link = Files.createSymbolicLink(state.resolve("link"), first);
        var folder = Folder.open(link);
        Files.delete(link);
        Files.createSymbolicLink(link, second);
        folder.write("note", "text");
        assertTrue(Files.exists(first.resolve("note")));
    }

    @Test
    void a_link_that_somebody_else_made_is_refused() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can give a link away");
        var link = Files.createSymbolicLink(state.resolve("link"), Files.createDirectory(state.resolve("ours")));
        Files.getFileAttributeView(
                        link,
                        java.nio.file.attribute.PosixFileAttributeView.class,
                        java.nio.file.LinkOption.NOFOLLOW_LINKS)
                .setOwner(link.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        var refused = assertThrows(ToolException.class, () -> Folder.open(link));
        assertTrue(refused.text().contains("a link that belongs to nobody"), refused.text());
    }

    @Test
    void a_link_to_a_folder_of_another_user_is_refused() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can give a folder away");
        var theirs = Files.createDirectory(state.resolve("theirs"));
        Files.setOwner(
                theirs, theirs.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        var link = Files.createSymbolicLink(state.resolve("link"), theirs);
        assertThrows(ToolException.class, () -> Folder.open(link));
    }
}
