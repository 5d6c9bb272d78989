import { type Note, parseTitle, TITLE_MAX } from "@izzzi/contract";
import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Post,
} from "@nestjs/common";
import {
  ApiBadRequestResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiProperty,
  ApiTags,
} from "@nestjs/swagger";

import { NotesService } from "./notes.service";

class NewNote {
  @ApiProperty({ minLength: 1, maxLength: TITLE_MAX, example: "Water the plants" })
  title!: string;
}

class NoteView implements Note {
  @ApiProperty({ format: "uuid" })
  id!: string;
  @ApiProperty({ example: "Water the plants" })
  title!: string;
  @ApiProperty({ format: "date-time" })
  createdAt!: string;
}

@ApiTags("notes")
@Controller("notes")
export class NotesController {
  constructor(private readonly notes: NotesService) {}

  @Get()
  @ApiOkResponse({ type: [NoteView], description: "The latest notes, newest first" })
  list(): Promise<Note[]> {
    return this.notes.list();
  }

  @Post()
  @ApiCreatedResponse({ type: NoteView })
  @ApiBadRequestResponse({ description: "The title is missing, too long, or holds control characters" })
  create(@Body() body: NewNote | undefined): Promise<Note> {
    const parsed = parseTitle(body?.title);
    if (!parsed.ok) throw new BadRequestException(parsed.problem);
    return this.notes.create(parsed.title);
  }

  @Delete(":id")
  @HttpCode(204)
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ description: "There is no such note" })
  async delete(@Param("id", ParseUUIDPipe) id: string): Promise<void> {
    if (!(await this.notes.delete(id))) throw new NotFoundException("there is no such note");
  }
}
